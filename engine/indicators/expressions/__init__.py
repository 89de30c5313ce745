"""A small language for indicators: ``zscore(close / sma(close, 50), 252) - rank(volume)``.

``parser.parse`` turns text into nodes (``nodes``), which hold nothing but names and numbers; ``functions`` lists what
the language knows beside the library's indicators, each of which is a function in it; ``evaluation`` computes nodes on
the bars of one or more symbols. Text is never run as code.
"""
