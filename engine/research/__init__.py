"""Is the result real?"""
