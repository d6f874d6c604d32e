# SPDX-License-Identifier: GPL-2.0-only
"""The state machine of a probed task: explored whole, and held against the rendered C.

``state`` has what is followed, ``moves`` what can happen, ``search`` explores it, ``run`` judges
every property and every guard, ``correspond`` compares with the C, ``draw`` makes the picture.
"""
