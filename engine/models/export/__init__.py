"""Models for other programs: as graphs in ONNX, with a certificate of what they give."""
