import pytest

from sdlc_lens.markdown import Kind, NotADocument, Parsed, parse


def test_a_document_says_what_it_is() -> None:
    text = """
# PL0024: Backend Dockerfile

> **Status:**   In  Progress
> **Story:** [US0024: Backend image](../stories/US0024-image.md)
> **Depends on**: US0003, PL0024
Blocks: US0030

## Status: Done

Depends on: US0099
"""
    relations = (("story", "US0024"), ("depends-on", "US0003"), ("blocks", "US0030"))
    assert parse(text) == Parsed("PL0024", Kind.PLAN, "Backend Dockerfile", "in progress", relations)


def test_a_status_that_is_not_given_is_unknown() -> None:
    assert parse("# BG0001: It hangs\n").status == "unknown"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it does not begin with a heading"),
        ("A note\n\n# US0001: Later\n", "it does not begin with a heading"),
        ("# US001: Too short\n", "it does not begin with a heading"),
        ("# XX0001: Unheard of\n", "XX is none of EP, US, PL, BG"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotADocument, match=reason):
        parse(text)
