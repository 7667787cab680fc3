"""Device names: what a person sees in her device list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.device_name import device_name

APPLE = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"{APPLE} Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (f"{APPLE} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on macOS"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("Werkzeug/3.1", "Unknown device"),
        ("", "Unknown device"),
        (None, "Unknown device"),
    ],
)
def test_a_person_recognises_her_browser(user_agent, name):
    assert device_name(user_agent) == name


@given(st.text(max_size=300))
def test_whatever_a_browser_says_it_has_a_short_name_of_ours(user_agent):
    assert len(device_name(user_agent)) <= 30
