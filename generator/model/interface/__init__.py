# SPDX-License-Identifier: GPL-2.0-only
"""The interface of the series: functions, structures, enumerations and macros.

Prototypes, definitions, empty inlines and the comments above them are rendered from here and stand
nowhere else. A name is the model's own where bases spell it differently (``Base.names``). Order of
parameters: the important one first, point R03 of the review.

Of the static functions only those are here of which something else in the model reads what they
are: they have a header, another name or other parameters on one of the bases, a hook that calls
them, or a comment that a base, a patch or the opcodes decide about. All others are plain C in the
templates, with the comment above them, and nowhere else.

``arch`` has what an architecture provides, ``core`` what the core does, in the order of its
prototypes, ``x86`` what x86 does.
"""

from __future__ import annotations

from generator.model.decl import Interface
from generator.model.interface.arch import ARCH_FUNCTIONS, BASELINE_FUNCTIONS
from generator.model.interface.core import CORE_FUNCTIONS
from generator.model.interface.structs import ENUMS, MACROS, STRUCTS
from generator.model.interface.x86 import X86_FUNCTIONS

INTERFACE = Interface(
    functions=(*ARCH_FUNCTIONS, *BASELINE_FUNCTIONS, *CORE_FUNCTIONS, *X86_FUNCTIONS),
    structs=STRUCTS,
    enums=ENUMS,
    macros=MACROS,
)

__all__ = ["ARCH_FUNCTIONS", "BASELINE_FUNCTIONS", "INTERFACE"]
