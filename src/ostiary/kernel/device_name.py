"""Device names: "Firefox on Linux" from what a browser says of itself; for a person to recognise, never to trust."""

import re
from typing import Final

# In this order: nearly every browser also names those it wants to be taken for (WHATWG HTML, "NavigatorID").
_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/|\bOpera/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\bFirefox/|\bFxiOS/")),
    ("Chrome", re.compile(r"\bChrome/|\bCriOS/|\bHeadlessChrome/")),
    ("Safari", re.compile(r"\bSafari/")),
    ("curl", re.compile(r"^curl/")),
)
_SYSTEMS: Final = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("macOS", re.compile(r"\bMac OS X\b|\bMacintosh\b")),
    ("Linux", re.compile(r"\bLinux\b|\bX11\b")),
)


def device_name(user_agent: str | None) -> str:
    """A short name for a ``User-Agent``: browser and system as far as they are known."""
    text = user_agent or ""
    browser = next((name for name, pattern in _BROWSERS if pattern.search(text)), None)
    system = next((name for name, pattern in _SYSTEMS if pattern.search(text)), None)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "Unknown device"


def device_in_mail(user_agent: str | None) -> str | None:
    """The same for a mail that warns somebody; None where there was no request.

    Never what the browser says of itself: whoever is warned of would write a line of the warning, to have it ignored.
    """
    return None if user_agent is None else device_name(user_agent)
