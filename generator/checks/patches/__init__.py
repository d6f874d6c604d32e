# SPDX-License-Identifier: GPL-2.0-only
"""What a maintainer looks at in the patches themselves, before the C.

``mail`` reads them as mails, ``apply`` applies each in its place, ``code`` shows that preparatory
patches change no object code, ``recipients`` asks the base whom to send them to.
"""
