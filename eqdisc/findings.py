"""A result with the doors to files, pages and code."""

import os
from dataclasses import replace
from pathlib import Path

from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError
from eqdisc.report.folder import RunFolder, read_result, read_run_dataset
from eqdisc.result import Law, Result

Folder = str | os.PathLike[str]


class Discovery(Result):
    """A `Result` with the doors to files, pages and code."""

    def save(self, folder: Folder, *, overwrite: bool = False) -> Path:
        """Write a run folder: result.json, front.csv, report.html, plots, a LaTeX table and the table itself.

        OptionError for a folder that holds another run, unless `overwrite`, or that cannot be written.
        """
        with RunFolder.create(Path(folder), overwrite) as run:
            run.write_results(self, self._table())
        return Path(folder)

    def to_html(self, path: Folder) -> Path:
        """Write the report: one page that works offline."""
        from eqdisc.atomic import write_bytes
        from eqdisc.report.html import report_html

        write_bytes(Path(path), report_html(self, self._table()).encode())
        return Path(path)

    def export(self, language: str, law: Law | None = None) -> str:
        """The best law, or the one given, as code or a formula; see `Law.source`."""
        return (law or self.best).source(language, self.target_name)

    def _table(self) -> Dataset:
        if self.dataset is None:
            raise DataError("the table of this result is not at hand; load the run folder or search again")
        return self.dataset

    def _repr_html_(self) -> str:
        from eqdisc.report.notebook import result_html

        return result_html(self)


def load(folder: Folder) -> Discovery:
    """The result that a run folder, or its `result.json`, holds; with the table where the folder has it.

    DataError where there is none, where it is damaged, or from a newer version.
    """
    found = read_result(Path(folder), Discovery)
    return replace(found, dataset=read_run_dataset(Path(folder)))
