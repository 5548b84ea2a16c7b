from pathlib import Path

import pytest
from conftest import ROOT, write
from fastapi.testclient import TestClient

from sdlc_lens.scan import LARGEST, NoFolder, read

V1 = "/api/v1"


def test_the_folder_is_read_again(client: TestClient, documents: Path) -> None:
    (documents / "plans" / "PL0024-image.md").unlink()
    write(documents, {"bugs/BG0001.md": "# BG0001: It hangs\n\nStatus: Open\nStory: US0024\n"})
    answer = client.post(f"{V1}/scans")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "documents": 4,
            "relations": 5,
            "skipped": [
                {
                    "path": "notes.md",
                    "reason": "it does not begin with a heading such as `# US0024: Backend image`",
                }
            ],
        },
    )
    assert client.get(f"{V1}/documents/PL0024").status_code == 404
    for words, key in (("hangs", "BG0001"), ("migrations", "US0024")):
        page = client.get(f"{V1}/search", params={"q": words}).json()
        assert (page["total"], [hit["key"] for hit in page["items"]]) == (1, [key])


def test_a_folder_that_is_gone_is_an_error_and_loses_nothing(client: TestClient, documents: Path) -> None:
    documents.rename(documents.with_name("away"))
    answer = client.post(f"{V1}/scans")
    assert (answer.status_code, answer.json()) == (503, {"detail": f"There is no folder {documents}"})
    assert client.get(f"{V1}/documents").json()["total"] == 4


def test_what_cannot_be_read_is_skipped_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    text = "# US0001: Right\n"
    write(folder, {"a.md": text, "b.md": text, "large.md": text + "x" * LARGEST, ".hidden/c.md": text, "d.txt": text})
    (folder / "latin.md").write_bytes("# US0002: Ärger\n".encode("latin-1"))
    write(tmp_path, {"secret.md": "# US0003: Not yours\n"})
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    tree = read(folder)
    assert [(path, parsed.key) for path, _, parsed in tree.documents] == [("a.md", "US0001")]
    assert dict(tree.skipped) == {
        "b.md": "a.md is US0001 already",
        "large.md": "it is larger than 1000000 bytes",
        "latin.md": "it is not UTF-8",
        "out.md": "it is a link that leads out of the folder",
    }


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoFolder):
        read(tmp_path / "nowhere")


def test_the_documents_of_this_project_can_be_read() -> None:
    tree = read(ROOT / "documents")
    assert len(tree.documents) == 6
    assert [path for path, _ in tree.skipped] == ["README.md"]
