"""syncd keeps the customers of several systems the same.

The version stands here and nowhere else: the build reads it from this file, so that it is
right in a checkout, in a wheel and in a container that never installed the project.
"""

__version__ = "0.1.0.dev0"
