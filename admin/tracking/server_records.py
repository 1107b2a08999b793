"""MLflow's records on an MLflow server, over its documented REST API."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from housing_grpc.registry.mlflow_http import API, AbsentError, MlflowHttp, understood
from housing_grpc.registry.mlflow_server import ARTIFACTS, served_root
from housing_grpc.registry.moved_home import local_folder

from ..base.errors import RegistryError
from .records import (
    NEWEST_FIRST,
    TRAINED_A_MODEL,
    Experiment,
    Run,
    Version,
    beginning_with,
    moment,
    naming,
    of_model,
)

# An answer may have 4 MiB.
_PAGE = 100
# Who answers says whether there is another page, and may say so for ever.
_MOST_PAGES = 100


class ServerRecords:
    """The records of a server.

    Args:
        http: Makes what asks the server one question, all of it in time.
        elsewhere: Answers `has_file` of a model whose files are in another store than the
            server's or a folder.
    """

    def __init__(
        self, http: Callable[[], MlflowHttp], elsewhere: Callable[[str, str, str], bool]
    ) -> None:
        self._http = http
        self._elsewhere = elsewhere

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a registered model, the newest first."""
        model = self._get("/registered-models/get", {"name": name})
        with understood():
            named = model["registered_model"].get("aliases", ()) if model else ()
            aliases = {each["alias"]: int(each["version"]) for each in named}
            found = [_version(each, aliases) for each in self._versions(name)] if model else []
        return sorted(found, key=lambda version: -version.number)

    def experiment(self, name: str) -> Experiment | None:
        """Return the experiment of a name, or None."""
        found = self._get("/experiments/get-by-name", {"experiment_name": name})
        if found is None:
            return None
        with understood():
            one = found["experiment"]
            active = one["lifecycle_stage"] == "active"
            return Experiment(experiment_id=str(one["experiment_id"]), active=active)

    def latest_runs(self, experiment_id: str, limit: int) -> list[Run]:
        """Return the latest runs that trained a model, the newest first."""
        return self._runs(experiment_id, TRAINED_A_MODEL, limit)

    def runs_beginning(self, experiment_id: str, text: str, limit: int) -> list[Run]:
        """Return runs whose id begins with a text of hexadecimal digits."""
        return self._runs(experiment_id, beginning_with(text), limit)

    def run(self, run_id: str) -> Run | None:
        """Return the run of an id, or None."""
        found = self._get("/runs/get", {"run_id": run_id})
        with understood():
            return None if found is None else _run(found["run"])

    def has_file(self, model_id: str, folder: str, name: str) -> bool:
        """Return whether a folder of a logged model has a file; not if there is no such model."""
        with understood():
            path = f"/logged-models/{quote(model_id, safe='')}"
        model = self._get(path)
        if model is None:
            return False
        with understood():
            place = str(model["model"]["info"]["artifact_uri"])
        root = served_root(place)
        if root is not None:
            found = self._http().ask(ARTIFACTS, {"path": f"{root}/{folder}"})
            with understood():
                return any(file["path"] == name for file in found.get("files", ()))
        local = local_folder(place)
        if local is not None:
            return (local / folder / name).is_file()
        return self._elsewhere(model_id, folder, name)

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Let an alias of a registered model name a version."""
        document = {"name": name, "alias": alias, "version": str(number)}
        self._http().ask(f"{API}/registered-models/alias", document=document)

    def model_tags(self, name: str) -> dict[str, str]:
        """Return the tags of a registered model; none if there is no such model."""
        found = self._get("/registered-models/get", {"name": name})
        with understood():
            return _texts(found["registered_model"].get("tags", ())) if found else {}

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a registered model."""
        document = {"name": name, "key": key, "value": value}
        self._http().ask(f"{API}/registered-models/set-tag", document=document)

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version of a registered model."""
        document = {"name": name, "version": str(number), "key": key, "value": value}
        self._http().ask(f"{API}/model-versions/set-tag", document=document)

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        try:
            return self._http().ask(API + path, query)
        except AbsentError:
            return None

    def _versions(self, name: str) -> Iterator[Any]:
        query = {"filter": of_model(name), "max_results": str(_PAGE)}
        for _ in range(_MOST_PAGES):
            page = self._http().ask(f"{API}/model-versions/search", query)
            yield from page.get("model_versions", ())
            if not page.get("next_page_token"):
                return
            query["page_token"] = str(page["next_page_token"])
        raise RegistryError(
            f"{name} has more than {_MOST_PAGES} pages of {_PAGE} versions; delete old ones in"
            " MLflow"
        )

    def _runs(self, experiment_id: str, wanted: str, limit: int) -> list[Run]:
        found: list[Run] = []
        query: dict[str, Any] = {"experiment_ids": [experiment_id], "filter": wanted}
        query["order_by"] = [NEWEST_FIRST]
        for _ in range(_MOST_PAGES):
            query["max_results"] = min(_PAGE, limit - len(found))
            page = self._http().ask(f"{API}/runs/search", document=query)
            with understood():
                found += map(_run, page.get("runs", ()))
            if len(found) >= limit or not page.get("next_page_token"):
                break
            query["page_token"] = page["next_page_token"]
        return found


def _version(found: Mapping[str, Any], aliases: Mapping[str, int]) -> Version:
    number = int(found["version"])
    return Version(
        number=number,
        run_id=str(found.get("run_id", "")),
        source=str(found.get("source", "")),
        created=moment(int(found["creation_timestamp"])),
        tags=_texts(found.get("tags", ())),
        aliases=naming(aliases, number),
    )


def _run(found: Mapping[str, Any]) -> Run:
    info, data = found["info"], found.get("data", {})
    return Run(
        run_id=str(info["run_id"]),
        started=moment(int(info.get("start_time", 0))),
        status=str(info["status"]),
        params=_texts(data.get("params", ())),
        # Those that JSON has no number for are texts, such as "NaN".
        metrics={each["key"]: float(each["value"]) for each in data.get("metrics", ())},
        tags=_texts(data.get("tags", ())),
    )


def _texts(pairs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {pair["key"]: str(pair.get("value", "")) for pair in pairs}
