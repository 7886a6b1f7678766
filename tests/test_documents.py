"""Runs what README.md and docs/*.md tell a reader to run.

- ```python fences of a document run in order, in one namespace.
- In ```console and ```bash fences, lines that call `subnetlab` (with or without a leading `$ `) run in order, in a
  folder that holds the ready-made configs at experiments/configs; other commands, such as make or pip, are left alone.
- ```yaml fences with `designs:` pass `subnetlab validate`.

An HTML comment on the line above a fence changes this: `<!-- not run: reason -->` leaves the fence out,
`<!-- file: name -->` writes it into the folder before anything runs.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for pattern in ("README.md", "docs/*.md") for path in ROOT.glob(pattern)
)
SECONDS = 900

FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,}|~{3,})\s*(?P<language>\w*)")
COMMENT = re.compile(r"^\s*<!--\s*(?P<kind>not run|file)\b:?\s*(?P<text>.*?)\s*-->\s*$")


@dataclass(frozen=True)
class Snippet:
    """One fenced block of a document."""

    document: str
    line: int  # of the first line of code, from 1
    language: str
    code: str
    skipped: str | None  # the reason, "" where none is given
    file: str | None

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The `subnetlab` command lines of a shell fence, backslash continuations joined."""
        if self.language not in {"console", "bash"}:
            return []
        lines = self.code.replace("\\\n", " ").splitlines()
        return [command for line in lines if (command := line.removeprefix("$ ")).split(" ", 1)[0] == "subnetlab"]


def snippets(text: str, document: str) -> list[Snippet]:
    """Return the fenced blocks of a Markdown text in order."""
    found, lines = [], iter(enumerate(text.splitlines(), start=1))
    comment: re.Match[str] | None = None
    for number, line in lines:
        if fence := FENCE.match(line):
            code = []
            for _, inner in lines:
                end = inner.strip()
                if end.startswith(fence["ticks"]) and not end.strip(fence["ticks"][0]):
                    break
                code.append(inner)
            else:
                raise ValueError(f"{document}:{number}: this fence is never closed")
            note = {comment["kind"]: comment["text"]} if comment else {}
            found.append(
                Snippet(
                    document=document,
                    line=number + 1,
                    language=fence["language"],
                    code=textwrap.dedent("\n".join(code)) + "\n",
                    skipped=note.get("not run"),
                    file=note.get("file"),
                )
            )
        if line.strip():
            comment = COMMENT.match(line)
    return found


ALL = {name: snippets((ROOT / name).read_text(encoding="utf-8"), name) for name in DOCUMENTS}
RUN = {name: [snippet for snippet in found if snippet.skipped is None] for name, found in ALL.items()}
WITH_PYTHON = [name for name, found in RUN.items() if any(s.language == "python" for s in found)]
WITH_COMMANDS = [name for name, found in RUN.items() if any(s.commands for s in found)]


def is_experiment(snippet: Snippet) -> bool:
    """Tell whether a snippet is a YAML experiment rather than a fragment of one."""
    return snippet.language == "yaml" and re.search(r"^designs:", snippet.code, re.MULTILINE) is not None


EXPERIMENTS = [snippet for found in RUN.values() for snippet in found if is_experiment(snippet)]


def as_script(found: list[Snippet]) -> str:
    """Return the Python snippets of a document as one script, each line where it stands in the document."""
    lines: list[str] = []
    for snippet in found:
        if snippet.language == "python":
            lines += [""] * (snippet.line - 1 - len(lines)) + snippet.code.splitlines()
    return "\n".join(lines) + "\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder like a fresh clone to a reader: the configs at their place, and `subnetlab` on PATH."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "experiments" / "configs", folder / "experiments" / "configs")
    command = tmp_path / "bin" / "subnetlab"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m experiments.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def run(arguments: list[str], workspace: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in the workspace as a reader would, with output as plain text."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(workspace.parent / "bin"), os.environ.get("PATH", os.defpath)]),
        # The project is found from anywhere, and the copied experiments/ folder does not stand in its way.
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    return subprocess.run(
        arguments,
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def write_files(found: list[Snippet], workspace: Path) -> None:
    """Write the snippets that carry a file name into the workspace."""
    for snippet in found:
        if snippet.file:
            path = workspace / snippet.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(snippet.code, encoding="utf-8")


@pytest.mark.parametrize("name", WITH_PYTHON)
def test_the_python_of_a_document_runs(name: str, workspace: Path) -> None:
    write_files(RUN[name], workspace)
    script = workspace.parent / f"{Path(name).stem}.py"
    script.write_text(as_script(RUN[name]), encoding="utf-8")
    done = run([sys.executable, str(script)], workspace)
    assert done.returncode == 0, f"{name}, by line of the document:\n{done.stdout}"


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_the_commands_of_a_document_run(name: str, workspace: Path) -> None:
    write_files(RUN[name], workspace)
    for snippet in RUN[name]:
        for command in snippet.commands:
            done = run(["bash", "-o", "pipefail", "-c", command], workspace)
            assert done.returncode == 0, f"{snippet}: {command}\n{done.stdout}"


@pytest.mark.parametrize("snippet", EXPERIMENTS, ids=str)
def test_an_experiment_in_a_document_is_valid(snippet: Snippet, workspace: Path) -> None:
    (workspace / "snippet.yaml").write_text(snippet.code, encoding="utf-8")
    done = run(["subnetlab", "validate", "snippet.yaml"], workspace)
    assert done.returncode == 0, f"{snippet}\n{done.stdout}"


@pytest.mark.parametrize("name", ALL)
def test_a_snippet_that_is_not_run_says_why(name: str) -> None:
    silent = [str(snippet) for snippet in ALL[name] if snippet.skipped == "" or snippet.file == ""]
    assert silent == [], "a comment names its reason or file: <!-- not run: why -->, <!-- file: name.yaml -->"


SAMPLE = """\
Text.

```python
a = 1
```

<!-- not run: it needs a live network -->
```console
$ subnetlab fetch 15
```

- In a list:

  ```console
  $ make test
  $ subnetlab run a.yaml \\
      --seeds 2
  Report: runs/a/report.html
  subnetlab report runs/a > page.txt
  ```

<!-- file: a.yaml -->

```yaml
designs:
  plain: {}
```

<!-- not run: -->
````python
```
````

```python
assert a == 1
```
"""


def test_snippets_are_read_as_documented() -> None:
    found = snippets(SAMPLE, "sample.md")
    assert [snippet.language for snippet in found] == ["python", "console", "console", "yaml", "python", "python"]
    assert [snippet.skipped for snippet in found] == [None, "it needs a live network", None, None, "", None]
    assert found[2].commands == ["subnetlab run a.yaml      --seeds 2", "subnetlab report runs/a > page.txt"]
    assert found[3].file == "a.yaml"
    assert is_experiment(found[3])
    assert yaml.safe_load(found[3].code) == {"designs": {"plain": {}}}
    assert found[4].code == "```\n"


def test_a_failing_line_is_reported_where_the_document_has_it() -> None:
    script = as_script([snippet for snippet in snippets(SAMPLE, "sample.md") if snippet.skipped is None])
    assert script.splitlines()[SAMPLE.splitlines().index("assert a == 1")] == "assert a == 1"


def test_an_open_fence_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sample\.md:1: this fence is never closed"):
        snippets("```python\na = 1\n", "sample.md")
