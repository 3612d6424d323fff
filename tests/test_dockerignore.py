"""What a `.dockerignore` keeps at home."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import tarfile
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from linear import MILLION, guard

from aiodockerhub.errors import BadParameter
from aiodockerhub.tar import Ignore, directory_context, wildcards

# (patterns, path, excluded): moby/patternmatcher's cases, and the quirks of its two readers
CASES = [
    # wildcards stay inside a directory
    (["*"], "abc", True),
    (["*c"], "abc", True),
    (["a*"], "abc", True),
    (["a*"], "ab/c", True),
    (["a*/b"], "abc/b", True),
    (["a*/b"], "a/c/b", False),
    (["a*b*c*d*e*/f"], "axbxcxdxexxx/f", True),
    (["a*b*c*d*e*/f"], "axbxcxdxe/xxx/f", False),
    (["a*b?c*x"], "abxbbxdbxebxczzx", True),
    (["a*b?c*x"], "abxbbxdbxebxczzy", False),
    (["a?b"], "a/b", False),
    (["a?b"], "a☺b", True),
    (["a???b"], "a☺b", False),
    (["*x"], "xxx", True),
    ([".*"], ".foo", True),
    ([".*"], "foo", False),
    # classes of characters
    (["ab[c]"], "abc", True),
    (["ab[b-d]"], "abc", True),
    (["ab[e-g]"], "abc", False),
    (["ab[^c]"], "abc", False),
    (["ab[^b-d]"], "abc", False),
    (["ab[^e-g]"], "abc", True),
    (["a[^a]b"], "a☺b", True),
    (["[a-ζ]*"], "α", True),
    (["*[a-ζ]"], "A", False),
    ([r"[\]a]"], "]", True),
    ([r"[\-]"], "-", True),
    ([r"[x\-]"], "-", True),
    ([r"[\-x]"], "a", False),
    # escapes, and what regular expressions would take for their own
    ([r"a\*b"], "a*b", True),
    ([r"a\*b"], "ab", False),
    ([r"a\\"], "a\\", True),
    (["abc.def"], "abcZdef", False),
    (["a(b)c/def"], "a(b)c/def", True),
    (["a.|)$(}+{bc"], "a.|)$(}+{bc", True),
    (["a^b*"], "a^bc", True),
    (["dist/*.whl"], "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", True),
    # ** crosses directories
    (["**"], "dir/file", True),
    (["**/"], "file", True),
    (["**/**"], "dir/file", True),
    (["dir/**"], "dir/dir2/file", True),
    (["dir/**"], "dir", False),
    (["**/dir"], "dir", True),
    (["**/dir"], "up/dir/file", True),
    (["**/dir2/*"], "dir/dir2/file", True),
    (["**/dir2/**"], "dir/dir2/dir3/file", True),
    (["**/foo/bar"], "foo/bar", True),
    (["**/foo/bar"], "dir/dir2/foo/bar", True),
    (["**/.foo"], "bar.foo", False),
    (["**/file*.txt"], "dir/dir/file.txt", True),
    (["**/**/*.txt"], "file.txt", True),
    (["**/**/*.txt2"], "dir/dir/file.txt", False),
    (["a**/*.txt"], "a/dir/dir/file.txt", True),
    (["a/*.txt"], "a/dir/file.txt", False),
    (["a/*.txt**"], "a/file.txt", True),
    (["a/**/b"], "a/b", True),
    (["a/**/b"], "a/x/y/b", True),
    (["a/**/b"], "a/xb", False),
    (["**file"], "dir/afile", True),
    (["**.pyc"], "dir/mod.pyc", True),
    (["**.py?"], "dir/mod.pyc", False),
    # a directory takes along what it holds
    (["foo"], "foo/bar/baz", True),
    (["foo"], "foobar", False),
    (["*/temp*"], "some/temporary.txt", True),
    (["*/temp*"], "temporary.txt", False),
    # how lines are read
    (["/foo"], "foo", True),
    (["foo/"], "foo", True),
    (["./foo//bar/../baz/"], "foo/baz", True),
    (["//foo"], "foo", True),
    (["/../foo"], "foo", True),
    (["../foo"], "foo", False),
    (["  foo\t "], "foo", True),
    ([" # no comment"], "# no comment", True),
    (["#foo"], "#foo", False),
    (["\\#foo"], "#foo", True),
    (["."], "foo", False),
    (["/"], "foo", False),
    (["", "  "], "foo", False),
    (["foo", "! /foo/bar"], "foo/bar", False),
    (["*", "/!foo"], "foo", False),
    (["*", "!!foo"], "!foo", False),
    # the last that matches decides
    (["*.go", "!a.go"], "a.go", False),
    (["!a.go", "*.go"], "a.go", True),
    (["docs", "!docs/README.md"], "docs/README.md", False),
    (["docs/", "!docs/README.md"], "docs/other", True),
    (["docs/*", "!docs/README.md"], "docs/README.md", False),
    (["**", "!util/docker/web"], "util/docker/web/foo", False),
    (["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", True),
    (["**", "!dist/*.whl"], "dist/a.dev36+g08-py3.whl", False),
    (["*.md", "!README*.md", "README-secret.md"], "README-secret.md", True),
    (["*.md", "README-secret.md", "!README*.md"], "README-secret.md", False),
    (["foo", "!foo/x", "fo*"], "foo/x", False),  # fo* changed nothing for foo, so it says nothing about foo/x
]


@pytest.mark.parametrize(("patterns", "path", "excluded"), CASES)
def test_patterns_mean_what_they_mean_to_docker(patterns, path, excluded):
    assert Ignore(patterns).excludes(path) is excluded


BAD = [
    "[",
    "a[",
    "[^",
    "[^bc",
    "[]a]",
    "[-]",
    "[x-]",
    "[-x]",
    "[a-b-c]",
    "\\",
    "a\\",
    "[a\\",
    "[z-a]",
    "!",
    "! ",
    "!/",
    r"a\d",
    r"\a1",
    r"[\w]",
    r"a\é",
    "[[:alpha:]]",
]


@pytest.mark.parametrize("pattern", BAD)
def test_a_pattern_that_is_none_is_refused_with_its_line(pattern):
    with pytest.raises(BadParameter, match=r"^rules, line 3: ") as caught:
        Ignore(["fine", "# a comment", pattern], source="rules")
    assert repr(pattern.strip()) in str(caught.value)


NAMES = ("a", "b", "foo", "foo.md", ".h")
PARTS = (
    "a",
    "b",
    "foo",
    "*",
    "**",
    "*.md",
    "f*",
    "?",
    "[a-f]*",
    "[^b]",
    "foo.*",
    "**.md",
    ".h",
    "..",
    r"\*",
    "**o",
    "*o*",
    "*a*b*",
    "[^a]*",
)

wild_patterns = st.lists(
    st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "[^a]", "[a-b/]", r"\*", ".", "\n"]), min_size=1, max_size=9
).map("".join)


@given(wild_patterns, st.text("ab/.*\n", max_size=12))
def test_one_way_after_the_other_and_all_ways_at_once_come_to_the_same(pattern, path):
    tokens = wildcards._without_repetitions(wildcards._tokens(pattern))
    expression = re.compile("".join(token.expression for token in wildcards._tokens(pattern)))
    assert wildcards._Places(tokens)(path) is (expression.fullmatch(path) is not None)


many_wildcards = st.lists(
    st.sampled_from(["a", "aa", "b", "/", "*", "**", "**/", "?", "[^b]", "[a/]"]), min_size=1, max_size=60
).map("".join)


@given(many_wildcards)
def test_whatever_the_pattern_a_path_is_judged_in_time(pattern):
    with guard():
        ignore = Ignore(["a" + pattern, "!a" + pattern, "*", "!*"])
        for path in ("a" * 4000, "a/" * 2000 + "a", "aab/" * 1000 + "b"):
            ignore.judge(path, ignore.nothing_above)


lines_of_all_kinds = st.lists(st.sampled_from([*BAD, *PARTS, "/", "!", "\n", "#"])).map("".join).map(str.encode)


@given(st.binary(max_size=60) | lines_of_all_kinds)
def test_whatever_an_ignore_file_holds_it_is_read_or_refused(text):
    try:
        ignore = Ignore.parse(text)
    except BadParameter:
        return
    for path in ("a", "a/b", "foo.md", "\udcff"):
        assert ignore.excludes(path) in (True, False)


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 100 + "b", "**/a*" * 50 + "b", "a**" * 100 + "b", "*?" * 100 + "b", "**" * MILLION, "*[^b]" * 50 + "/" * 2],
)
def test_wildcards_by_the_hundred_do_not_multiply(pattern):
    with guard():
        assert not Ignore([pattern, "!**"]).excludes("a" * 4096)
        assert not Ignore([pattern, "!**"]).judge("a/" * 2048 + "c", (False, False))[0]


def test_a_file_may_begin_with_a_byte_order_mark_and_end_its_lines_as_windows_does():
    ignore = Ignore.parse(b"\xef\xbb\xbf# comment\r\nfoo\r\n\r\nb\xff\r\nlast")
    assert [ignore.excludes(name) for name in ("foo", "b\udcff", "last", "# comment")] == [True, True, True, False]


patterns = st.builds(
    lambda sign, parts, end: sign + "/".join(parts) + end,
    st.sampled_from(["", "", "!", "/", "!/"]),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "*"]),
).filter(lambda pattern: not (pattern.startswith("!/") and ".." in pattern))  # may be an exception of nothing


def planted(root):
    root.mkdir(exist_ok=True)
    (root / "Dockerfile").touch()
    for above in (root, root / "a", root / "foo", root / "foo" / "foo", root / "foo.md", root / ".h"):
        above.mkdir(exist_ok=True)
        for name in NAMES:
            if not (above / name).exists() and above / name not in (
                root / "a",
                root / "foo",
                root / "foo.md",
                root / ".h",
            ):
                (above / name).mkdir() if name == "foo" else (above / name).touch()
    return root


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return planted(tmp_path_factory.mktemp("tree"))


def sent(context):
    async def collected():
        return b"".join([chunk async for chunk in context])

    return tarfile.open(fileobj=io.BytesIO(asyncio.run(collected()))).getnames()


@given(lines=st.lists(patterns, max_size=5))
def test_a_walk_that_skips_directories_finds_what_a_walk_through_all_of_them_finds(tree, lines):
    ignore = Ignore(lines)
    everything = [path.relative_to(tree).as_posix() for path in tree.rglob("*")]
    kept = [path for path in everything if not ignore.excludes(path) or path == "Dockerfile"]
    with_the_directories_above = {
        "/".join(part) for path in kept for part in accumulate([[p] for p in path.split("/")])
    }
    names = sent(asyncio.run(directory_context(tree, ignore=lines)))
    assert sorted(names) == sorted(with_the_directories_above)


CONTEXTS = 16  # of one command: each alone takes a second to begin


@pytest.fixture(scope="session")
def contexts(rig):
    """Equal directories where the docker command line sees them, and its orders to build each."""
    folder = rig.folder / "contexts"
    folder.mkdir()
    roots = [planted(folder / str(number)) for number in range(CONTEXTS)]
    targets = {
        root.name: {
            "context": str(root),
            "dockerfile-inline": "FROM scratch\nCOPY . /\n",
            "output": [f"type=local,dest={folder}/out/{root.name}"],
        }
        for root in roots
    }
    orders = folder / "bake.json"
    orders.write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}))
    return roots, orders


def files(names, root):
    """Those that are no directories, which an image may hold without a need, nor sent whatever the patterns say."""
    return sorted(name for name in names if not (root / name).is_dir() and name not in ("Dockerfile", ".dockerignore"))


@pytest.mark.parametrize("engine", ["oldest", "newest"], indirect=True)
@settings(
    max_examples=max(4, settings().max_examples // 50),
    phases=[Phase.reuse, Phase.generate],  # what is found is told with its lines; to shrink it would take minutes
)
@given(st.lists(st.lists(patterns, max_size=5), min_size=CONTEXTS, max_size=CONTEXTS))
def test_a_context_holds_the_files_that_docker_build_takes(rig, engine, contexts, ignored):
    roots, orders = contexts
    for root, lines in zip(roots, ignored, strict=True):
        (root / ".dockerignore").write_text("\n".join(lines))
    out = orders.parent / "out"
    rig.docker(engine, "buildx", "bake", "--file", str(orders))
    for root, lines in zip(roots, ignored, strict=True):
        built = [path.relative_to(out / root.name).as_posix() for path in (out / root.name).rglob("*")]
        ours = sent(asyncio.run(directory_context(root)))
        assert files(ours, root) == files(built, root), lines
    shutil.rmtree(out)


@pytest.fixture
def context(tmp_path):
    def make(**files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def names(path, **options):
    return sent(asyncio.run(directory_context(path, **options)))


def test_dockerfile_and_ignore_file_are_sent_whatever_the_patterns_say(context):
    root = context(**{"Dockerfile": "FROM scratch", ".dockerignore": "*", "secret": ""})
    assert names(root) == [".dockerignore", "Dockerfile"]


def test_a_dockerfile_in_an_excluded_directory_is_sent_and_its_neighbours_are_not(context):
    root = context(**{"docker/prod": "FROM scratch", "docker/secret": "", ".dockerignore": "docker"})
    assert names(root, dockerfile="docker/prod") == [".dockerignore", "docker", "docker/prod"]


def test_the_ignore_file_beside_the_dockerfile_comes_before_that_of_the_context(context):
    files = {"prod/Dockerfile": "", "prod/Dockerfile.dockerignore": "a", ".dockerignore": "b", "a": "", "b": ""}
    root = context(**files)
    sent_names = names(root, dockerfile="prod/Dockerfile")
    assert "b" in sent_names
    assert "a" not in sent_names


def test_patterns_from_the_caller_take_the_place_of_those_in_files(context):
    root = context(**{"Dockerfile": "", ".dockerignore": "a", "a": "", "b": ""})
    assert names(root, ignore=["b"]) == [".dockerignore", "Dockerfile", "a"]
    assert names(root, ignore=[]) == [".dockerignore", "Dockerfile", "a", "b"]


def test_one_string_of_patterns_is_refused_rather_than_read_letter_by_letter(context):
    with pytest.raises(BadParameter, match="iterable"):
        names(context(Dockerfile=""), ignore="*.pyc")


def test_a_bad_pattern_in_a_file_is_named_with_file_and_line_before_anything_is_sent(context):
    root = context(**{"Dockerfile": "", ".dockerignore": "fine\n[z-a]\n"})
    with pytest.raises(BadParameter, match=r"/\.dockerignore, line 2: .*'\[z-a\]'"):
        names(root)


def test_directories_that_are_excluded_as_a_whole_are_never_opened(context, monkeypatch):
    root = context(
        **{"Dockerfile": "", "out/deep/file": "", "kept/deep/file": "", ".dockerignore": "out\nkept\n!kept/deep"}
    )
    opened = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: opened.append(Path(path).name) or scandir(path))
    assert "kept/deep/file" in names(root)
    assert opened == [root.name, "kept", "deep"]
