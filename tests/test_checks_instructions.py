"""The parser of Dockerfiles reads what BuildKit reads, and is not led astray by what only looks like an instruction."""

import pytest

from lading.checks import instructions
from lading.checks.instructions import Instruction, Stage
from lading.errors import BadInput


def only(text: str) -> Instruction:
    """The one instruction of a Dockerfile below its FROM."""
    (stage,) = instructions.parse("FROM a\n" + text)
    (instruction,) = stage.instructions
    return instruction


def test_stages_have_a_base_a_name_and_their_instructions() -> None:
    text = "ARG V=3\n\nFROM --platform=$BUILDPLATFORM python:$V AS Builder\nRUN a\nfrom scratch\nUSER 1000\n"
    assert instructions.parse(text) == (
        Stage(base="python:$V", name="builder", instructions=(Instruction(name="RUN", value="a", line=4),), line=3),
        Stage(base="scratch", name="", instructions=(Instruction(name="USER", value="1000", line=6),), line=5),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a \\\n  && b\n", Instruction(name="RUN", value="a   && b", line=2)),
        ("RUN a \\\n# not this\n\n  # nor this\n  b\n", Instruction(name="RUN", value="a   b", line=2)),
        ("RUN echo '#' # stays\n", Instruction(name="RUN", value="echo '#' # stays", line=2)),
        ("  # a comment\n\trun\ta\n", Instruction(name="RUN", value="a", line=3)),
        ("RUN a \\", Instruction(name="RUN", value="a", line=2)),
        (
            "COPY --from=b --chown=1:1 --link /x /y\n",
            Instruction(name="COPY", value="/x /y", flags=(("from", "b"), ("chown", "1:1"), ("link", "")), line=2),
        ),
        ("HEALTHCHECK NONE\n", Instruction(name="HEALTHCHECK", value="NONE", line=2)),
    ],
)
def test_lines_are_joined_and_comments_dropped(text: str, expected: Instruction) -> None:
    assert only(text) == expected


@pytest.mark.parametrize(
    ("text", "value", "bodies"),
    [
        ("RUN <<EOF\nFROM not-a-stage\nEOF\n", "<<EOF", ("FROM not-a-stage",)),
        ("RUN python3 <<'PY' && b\nprint(1) \\\n# kept\nPY\n", "python3 <<'PY' && b", ("print(1) \\\n# kept",)),
        ('COPY <<-"A" <<B /x/\n\tone\n\tA\ntwo\nB\n', '<<-"A" <<B /x/', ("one", "two")),
        ("RUN 3<<EOF cat <&3\nx\nEOF\n", "3<<EOF cat <&3", ("x",)),
        ("RUN cat <<<here\n", "cat <<<here", ()),
        ("RUN echo $((1<<2))\n", "echo $((1<<2))", ()),
        ('RUN ["cat", "<<EOF"]\n', '["cat", "<<EOF"]', ()),
        ("ENV A=<<EOF\n", "A=<<EOF", ()),
    ],
)
def test_here_documents_are_no_instructions(text: str, value: str, bodies: tuple[str, ...]) -> None:
    found = only(text)
    assert (found.value, found.heredocs) == (value, bodies)


@pytest.mark.parametrize(
    ("text", "form", "words"),
    [
        ('CMD ["a", "b c"]\n', ("a", "b c"), ("a", "b c")),
        ("CMD ['a', 'b']\n", None, ("['a',", "'b']")),
        ("CMD a b\n", None, ("a", "b")),
        ("CMD [1]\n", None, ("[1]",)),
    ],
)
def test_the_exec_form_is_json_and_nothing_else(
    text: str, form: tuple[str, ...] | None, words: tuple[str, ...]
) -> None:
    found = only(text)
    assert (found.exec_form, found.words) == (form, words)


def test_a_directive_changes_the_character_that_continues_a_line() -> None:
    text = "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN dir C:\\ `\n  b\n"
    assert instructions.parse(text)[0].instructions == (Instruction(name="RUN", value="dir C:\\   b", line=4),)


def test_a_directive_below_a_comment_is_a_comment() -> None:
    text = "# hello\n# escape=`\nFROM a\nRUN a `\n"
    assert instructions.parse(text)[0].instructions == (Instruction(name="RUN", value="a `", line=4),)


def test_the_chain_is_what_the_last_stage_stands_on() -> None:
    stages = instructions.parse("FROM a AS base\nFROM base AS builder\nFROM BASE AS middle\nFROM middle\n")
    assert [stage.name for stage in instructions.chain(stages)] == ["base", "middle", ""]


def test_a_stage_that_is_named_like_its_own_base_is_no_circle() -> None:
    stages = instructions.parse("FROM python AS python\nFROM python AS python\n")
    assert [stage.line for stage in instructions.chain(stages)] == [1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Dockerfile: there is no FROM"),
        ("# only a comment\n", "Dockerfile: there is no FROM"),
        ("ENV A=1\nFROM a\n", "Dockerfile:1: `ENV` stands before the first FROM"),
        ("FROM a b\n", "Dockerfile:1: FROM takes an image, and `AS` with a name"),
        ("FROM a\nRUM b\n", "Dockerfile:2: there is no instruction `RUM`"),
        ("FROM a\n\nRUN <<EOF\nx\n", "Dockerfile:3: the here-document `EOF` is not closed"),
    ],
)
def test_what_no_builder_reads_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        instructions.parse(text)
    assert str(refused.value) == said
