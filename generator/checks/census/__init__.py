# SPDX-License-Identifier: GPL-2.0-only
"""The census: what real programs begin with, and what a probe there costs.

Reads ELF files of the machine, asks the compiled C about each of their instructions - ours, and the
unmodified base's own - and counts. Called by the command line.
"""
