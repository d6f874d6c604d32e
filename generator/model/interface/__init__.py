# SPDX-License-Identifier: GPL-2.0-only
"""The interface of the series: every function, structure, enumeration and macro it brings.

Prototypes, definitions, empty inlines and the comments above them are rendered from here and stand
nowhere else. A name is the model's own where bases spell it differently (``Base.names``). Order of
parameters: the important one first, point R03 of the review.

``arch`` has what an architecture provides, ``utask``, ``xol``, ``hit``, ``returns`` and ``handle``
what the core does, in the order of its prototypes, ``x86_*`` what x86 does.
"""

from __future__ import annotations

from generator.model.decl import Interface
from generator.model.interface.arch import ARCH_FUNCTIONS, BASELINE_FUNCTIONS
from generator.model.interface.handle import HANDLE_FUNCTIONS
from generator.model.interface.hit import HIT_FUNCTIONS
from generator.model.interface.returns import RETURN_FUNCTIONS
from generator.model.interface.structs import ENUMS, MACROS, STRUCTS
from generator.model.interface.utask import UTASK_FUNCTIONS
from generator.model.interface.x86_decode import DECODE_FUNCTIONS
from generator.model.interface.x86_emulate import EMULATE_FUNCTIONS
from generator.model.interface.x86_step import STEP_FUNCTIONS
from generator.model.interface.xol import XOL_FUNCTIONS

INTERFACE = Interface(
    functions=(
        *ARCH_FUNCTIONS,
        *BASELINE_FUNCTIONS,
        *UTASK_FUNCTIONS,
        *XOL_FUNCTIONS,
        *HIT_FUNCTIONS,
        *RETURN_FUNCTIONS,
        *HANDLE_FUNCTIONS,
        *DECODE_FUNCTIONS,
        *STEP_FUNCTIONS,
        *EMULATE_FUNCTIONS,
    ),
    structs=STRUCTS,
    enums=ENUMS,
    macros=MACROS,
)

__all__ = ["ARCH_FUNCTIONS", "BASELINE_FUNCTIONS", "INTERFACE"]
