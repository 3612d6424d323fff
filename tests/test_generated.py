"""The generated modules are what the generator makes of the descriptions, and say what the descriptions say."""

from __future__ import annotations

import json
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from aiodockerhub.engine import types, versions
from aiodockerhub.errors import BadParameter, VersionTooLow

ROOT = Path(__file__).resolve().parent.parent
GENERATOR = ROOT / "tools" / "generate_engine_types.py"
DESCRIPTIONS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tools" / "engine-api").glob("*.json"), key=lambda path: versions.parse(path.stem))
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    target = tmp_path_factory.mktemp("generated")
    subprocess.run([sys.executable, str(GENERATOR), str(target)], check=True)
    return target


@pytest.mark.parametrize("module", ["types.py", "changes.py"])
def test_generating_again_gives_the_same_bytes(generated, module):
    kept = ROOT / "aiodockerhub" / "engine" / module
    assert (generated / module).read_bytes() == kept.read_bytes()


def all_types():
    return {name: value for name, value in vars(types).items() if typing.is_typeddict(value)}


def optional_keys(typed_dict):
    hints = typing.get_type_hints(typed_dict, include_extras=True)
    return {key for key, hint in hints.items() if typing.get_origin(hint) is typing.NotRequired}


def test_the_hints_of_every_typed_dict_resolve():
    found = all_types()
    assert len(found) > 300
    for typed_dict in found.values():
        assert typing.get_type_hints(typed_dict)


@pytest.mark.parametrize(
    "name",
    [
        "ContainerCreateResponse",
        "ContainerInspectResponse",
        "ContainerSummary",
        "ContainerWaitResponse",
        "DistributionInspect",
        "EventMessage",
        "ExecInspectResponse",
        "HostConfig",
        "HostConfigRequest",
        "ImageDeleteResponseItem",
        "ImageHistoryResponseItem",
        "ImageInspect",
        "ImagePruneResponse",
        "ImageSearchResponseItem",
        "ImageSummary",
        "NetworkInspect",
        "NetworkSummary",
        "SystemInfo",
        "SystemVersion",
        "Volume",
    ],
)
def test_what_the_api_answers_has_a_type_of_its_name(name):
    assert name in all_types()


def test_every_key_of_every_described_schema_of_an_answer_is_kept():
    for version, description in DESCRIPTIONS.items():
        for name in ("ImageInspect", "ImageSummary", "SystemInfo", "ContainerSummary", "Volume", "TaskSpec"):
            described = set(description["definitions"][name]["properties"])
            assert described <= set(typing.get_type_hints(getattr(types, name))), (version, name)


def test_an_answer_has_its_keys_without_asking_and_marks_those_that_come_and_go():
    assert optional_keys(types.ContainerCreateResponse) == set()
    assert {"VirtualSize", "ContainerConfig", "Descriptor"} <= optional_keys(types.ImageInspect)
    assert not {"Id", "Size", "Config"} & optional_keys(types.ImageInspect)


def test_nothing_that_is_sent_is_required():
    assert types.HostConfigRequest.__required_keys__ == frozenset()
    assert types.ContainerCreateRequest.__required_keys__ == frozenset()


def test_words_are_a_choice_where_they_are_sent_and_open_where_they_are_received():
    assert typing.get_type_hints(types.Mount)["Type"] is str
    assert "tmpfs" in typing.get_args(typing.get_type_hints(types.MountRequest)["Type"])


def test_oldest_and_newest_are_those_of_the_descriptions():
    described = list(DESCRIPTIONS)
    assert (described[0], described[-1]) == (versions.OLDEST, versions.NEWEST)


@pytest.mark.parametrize(("text", "numbers"), [("1.41", (1, 41)), ("v1.55", (1, 55)), ("1.100", (1, 100))])
def test_a_version_is_read_as_numbers_that_compare(text, numbers):
    assert versions.parse(text) == numbers


@pytest.mark.parametrize("text", ["", "1", "1.", ".41", "1.41.0", "1.4a", " 1.41", "1.41\n", "-1.41", "latest", "١.٤١"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(BadParameter):
        versions.parse(text)


def described_parameters(description, operation):
    """Query and header parameters, and the keys of an inline body."""
    for parameter in description["operations"][operation]["parameters"]:
        if parameter["in"] in ("query", "header"):
            yield parameter["name"]
        yield from parameter.get("schema", {}).get("properties", {})


@pytest.mark.parametrize("version", DESCRIPTIONS)
def test_nothing_is_refused_to_an_engine_whose_description_has_it(version):
    description = DESCRIPTIONS[version]
    for operation in description["operations"]:
        versions.check(operation, described_parameters(description, operation), versions.parse(version))


@pytest.mark.parametrize("version", DESCRIPTIONS)
def test_what_only_newer_descriptions_have_is_refused(version):
    refused = []
    older = DESCRIPTIONS[version]["operations"]
    for operation in DESCRIPTIONS[versions.NEWEST]["operations"]:
        if operation not in older:
            with pytest.raises(VersionTooLow):
                versions.check(operation, (), versions.parse(version))
            refused.append(operation)
            continue
        here = set(described_parameters(DESCRIPTIONS[version], operation))
        for parameter in described_parameters(DESCRIPTIONS[versions.NEWEST], operation):
            if parameter not in here:
                with pytest.raises(VersionTooLow):
                    versions.check(operation, [parameter], versions.parse(version))
                refused.append(parameter)
    assert bool(refused) == (version != versions.NEWEST)


@pytest.mark.parametrize(
    ("operation", "parameter", "needs", "has"),
    [
        ("ContainerStop", "signal", "1.42", "1.41"),
        ("ContainerCreate", "HostConfig.Annotations", "1.43", "1.42"),
        ("ImagePush", "platform", "1.46", "1.45"),
        ("ImageList", "manifests", "1.47", "1.46"),
        ("ImageHistory", "platform", "1.48", "1.47"),
        ("ImageInspect", "platform", "1.49", "1.48"),
        ("ImageDelete", "platforms", "1.50", "1.49"),
        ("SystemDataUsage", "verbose", "1.52", "1.51"),
    ],
)
def test_a_parameter_is_refused_just_below_its_version_and_taken_from_there(operation, parameter, needs, has):
    with pytest.raises(VersionTooLow) as caught:
        versions.check(operation, [parameter], versions.parse(has))
    assert (caught.value.needs, caught.value.has) == (needs, has)
    assert caught.value.operation == f"{operation}({parameter})"
    versions.check(operation, [parameter], versions.parse(needs))


def test_an_operation_that_the_engine_lacks_is_named_alone():
    with pytest.raises(VersionTooLow) as caught:
        versions.check("VolumeUpdate", ["version"], (1, 41))
    assert caught.value.operation == "VolumeUpdate"


def test_what_may_have_come_between_two_descriptions_is_left_to_the_engine():
    versions.check("ImageGetAll", ["platform"], (1, 46))
    with pytest.raises(VersionTooLow):
        versions.check("ImageGetAll", ["platform"], (1, 45))


def test_a_dropped_parameter_is_refused_where_it_is_surely_gone_and_only_there():
    versions.check("BuildPrune", ["keep-storage"], (1, 54))
    with pytest.raises(BadParameter, match="keep-storage"):
        versions.check("BuildPrune", ["keep-storage"], (1, 55))


def test_a_dropped_key_that_does_no_harm_is_taken_everywhere():
    versions.check("SystemAuth", ["email"], versions.parse(versions.NEWEST))


def test_versions_newer_than_the_newest_known_are_as_the_newest():
    versions.check("ImageAttestations", ["platform", "type"], (1, 99))
