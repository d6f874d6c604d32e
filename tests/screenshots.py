# SPDX-License-Identifier: GPL-2.0-only
"""Take the README's pictures of a report.

Usage: python tests/screenshots.py report-6.1.html [docs]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from browser import Browser

WIDTH = 1000


def main() -> None:
    """Open the report, and save its beginning in light and an opcode map in dark."""
    page, folder = Path(sys.argv[1]).resolve(), Path(*sys.argv[2:3] or ["docs"])
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(Path(profile))
        try:
            browser.size(WIDTH, 760)
            browser.open(page)
            browser.media(scheme="light")
            (folder / "report-summary.png").write_bytes(browser.picture())
            browser.size(WIDTH, 560)
            browser.media(scheme="dark")
            browser.run("document.querySelector('#opcodes').scrollIntoView()")
            (folder / "report-opcodes.png").write_bytes(browser.picture())
        finally:
            browser.close()


if __name__ == "__main__":
    main()
