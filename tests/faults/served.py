"""The functions in processes of their own, and scenes in which messages are pushed to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.outside import Outside
from tests.functions.bundle import ROOT, make_bundle, serve_bundle


@dataclass(frozen=True)
class Served:
    """Where the functions of one project listen, by topic, and the folder of their logs."""

    project: str
    urls: Mapping[str, str]
    folder: Path

    def log(self) -> str:
        """What all of them have logged."""
        return "".join(log.read_text() for log in self.folder.glob("*.log"))


@contextmanager
def serve_functions(outside: Outside, project: str, folder: Path) -> Iterator[Served]:
    """The functions as they are deployed, each in a process."""
    with ExitStack() as running, ThreadPoolExecutor() as threads:

        def serve(function: str) -> str:
            bundle = folder / function
            bundle.mkdir()
            log = folder / f"{function}.log"
            variables = outside.variables(project)
            serving = serve_bundle(
                make_bundle(function, bundle), function, variables, path="/healthz", log=log
            )
            return f"http://127.0.0.1:{running.enter_context(serving)}/"

        snapshot, fetch_balances = threads.map(serve, ("snapshot", "fetch_balances"))
        yield Served(project, {"snapshot": snapshot, "fetch-balances": fetch_balances}, folder)


@contextmanager
def serve_faulty(outside: Outside, project: str, folder: Path) -> Iterator[Served]:
    """Both triggered functions in one process, which the files of the folder can have killed."""
    variables = {**outside.variables(project), "PYTHONPATH": str(ROOT), "FAULTS": str(folder)}
    source, log = Path(__file__).parent / "faulty", folder / "faulty.log"
    with serve_bundle(source, "faulty", variables, path="/healthz", log=log) as port:
        url = f"http://127.0.0.1:{port}/triggers"
        yield Served(
            project, {"snapshot": f"{url}/snapshot", "fetch-balances": f"{url}/fetch-balances"}, folder
        )
