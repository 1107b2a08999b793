"""What can be typed after `housing-admin`: the commands, their flags and their help."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fire.decorators import SetParseFn

_Text = str | None
_Method = TypeVar("_Method", bound=Callable[..., None])


def _texts(method: _Method) -> _Method:
    """Take every value as the text that it is: Fire would make a number of a run id like 1e5."""
    SetParseFn(str)(method)
    return method


class CommandList:
    """Train house price models, register them, choose the one to serve, and ask for prices.

    Settings come from the environment: MLFLOW_TRACKING_URI, MLFLOW_MODEL_NAME,
    MLFLOW_MODEL_ALIAS, HOUSING_HOME, HOUSING_TARGET, HOUSING_API_KEY, HOUSING_CA_FILE,
    HOUSING_CERT_FILE, HOUSING_KEY_FILE, BUNDLE_SIGNING_KEY_FILE, BUNDLE_PUBLIC_KEY_FILE,
    RECEIPT_KEYS_FILE. With --debug, every command shows where an error came from; --version alone
    prints name and version.
    """

    def __init__(self, choose: Callable[[str, Mapping[str, Any], _Text], None]) -> None:
        self._choose = choose

    @_texts
    def train(
        self,
        *,
        model: _Text = None,
        preprocessor: _Text = None,
        data: _Text = None,
        accept: _Text = None,
        cv: _Text = None,
        params: _Text = None,
        preprocessor_params: _Text = None,
        seed: _Text = None,
        test_size: _Text = None,
        target_unit: _Text = None,
        bundle_format: _Text = None,
        no_neighbours: _Text = None,
        register: _Text = None,
        json: _Text = None,
    ) -> None:
        """Train one model and log it in MLflow. Without a flag, at a terminal, it asks.

        Args:
            model: xgboost (default), gradient_boost, random_forest, linear, or one you added.
            preprocessor: v2_knn (default), v1_median, v3_iterative, or one you added.
            data: CSV or Parquet file; data/HousingData.csv by default.
            accept: Columns to take as they are, though they look wrong, such as RM,MEDV.
            cv: Number of folds of a cross-validation; 5 if no number follows, none by default.
            params: Hyperparameters of the model, such as max_depth=3,learning_rate=0.1.
            preprocessor_params: Parameters of the preprocessing, such as n_neighbors=7.
            seed: Decides all that is random; 42 by default.
            test_size: Share of the houses held out for the first scores; 0.2 by default.
            target_unit: Unit of the prices, if it is not to be guessed from their size.
            bundle_format: Layout of the bundle: 2 (default), or 1 for servers that read no other.
            no_neighbours: Keep houses of the data out of the bundle; whether a house is unlike
                them is then told from the columns and their correlations.
            register: Make the run a version of the registered model at once.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("train", locals())

    @_texts
    def experiment(
        self,
        *,
        config: _Text = None,
        jobs: _Text = None,
        backend: _Text = None,
        scheduler: _Text = None,
        json: _Text = None,
    ) -> None:
        """Train all combinations that a YAML file lists, and compare them.

        Args:
            config: The file; experiments/default.yaml by default.
            jobs: How many to train at the same time on this machine; 1 by default.
            backend: Where to train: local (default), or dask, a cluster that runs already.
            scheduler: Address of that cluster's scheduler, such as tcp://HOST:8786.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("experiment", locals())

    @_texts
    def runs(self, *, limit: _Text = None, json: _Text = None) -> None:
        """List the latest training runs.

        Args:
            limit: How many at most; 20 by default.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("runs", locals())

    @_texts
    def register(self, run_id: str, *, json: _Text = None) -> None:
        """Make a run a version of the registered model; twice is the same as once.

        Args:
            run_id: Of a finished run, as `runs` lists it: all of it, or the first 4 or more
                characters.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("register", locals())

    @_texts
    def upgrade(self, version: str, *, data: _Text = None, json: _Text = None) -> None:
        """Make a version whose bundle has an older format one of the newest, as a new version.

        Its prices stay the same. With its training data at hand, it says how sure they are, too.

        Args:
            version: Number of the version, as `models` lists it.
            data: File that it was trained on, if that is not where it was.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("upgrade", locals())

    @_texts
    def models(self, *, json: _Text = None) -> None:
        """List the versions of the registered model: which is promoted, and which is live.

        Args:
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("models", locals())

    @_texts
    def card(self, version: str, *, json: _Text = None) -> None:
        """Show what a version is for, how it was made and how good it is, in Markdown.

        Args:
            version: Number of the version, as `models` lists it.
            json: Write the card as JSON, and nothing else, to standard output.
        """
        self._take("card", locals())

    @_texts
    def gate(
        self,
        version: str,
        *,
        data: _Text = None,
        policy: _Text = None,
        backend: _Text = None,
        scheduler: _Text = None,
        json: _Text = None,
    ) -> None:
        """Say whether a version may be promoted: compare it with the promoted one, by rules.

        Nothing is promoted. Where a rule refuses it, the exit code is 7.

        Args:
            version: Number of the version, as `models` lists it.
            data: CSV or Parquet file to compare the two on; what the version was trained on by
                default.
            policy: YAML file with what is to differ from the shipped rules.
            backend: Where to train both anew: local (default), or dask, a cluster that runs
                already.
            scheduler: Address of that cluster's scheduler, such as tcp://HOST:8786.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("gate", locals())

    @_texts
    def compare(self, a: str, b: str, *, data: _Text = None, json: _Text = None) -> None:
        """Put two versions side by side: scores, data, parameters, and prices that differ most.

        Args:
            a: Number of the one version, as `models` lists it.
            b: Number of the other.
            data: CSV or Parquet file of houses to price with both; what one of them was trained
                on by default.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("compare", locals())

    @_texts
    def promote(
        self,
        version: _Text = None,
        *,
        list: _Text = None,  # noqa: A002 (it is the name of the flag)
        reload: _Text = None,
        tls: _Text = None,
        reason: _Text = None,
        force: _Text = None,
        dry_run: _Text = None,
        data: _Text = None,
        policy: _Text = None,
        backend: _Text = None,
        scheduler: _Text = None,
        json: _Text = None,
    ) -> None:
        """Choose the version that servers load, and keep that in the history.

        It has to pass `gate` first, unless it has done so against the one that is promoted. Where
        it is refused, nothing changes and the exit code is 7.

        Args:
            version: Number of the version, as `models` lists it.
            list: List the versions instead.
            reload: Make a server take it at once: host:port, or nothing for the usual one.
            tls: Encrypt the connection to that server.
            reason: Why, for the history; at most 1,000 characters.
            force: Promote it even if it is refused. Say why with --reason.
            dry_run: Change nothing, and show how the prices would change.
            data: As for `gate`.
            policy: As for `gate`.
            backend: As for `gate`.
            scheduler: As for `gate`.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        given = {"version": version, "listing": list, "reload_target": reload, "tls": tls}
        given |= {"reason": reason, "force": force, "dry_run": dry_run, "data": data}
        given |= {"policy": policy, "backend": backend, "scheduler": scheduler, "json": json}
        self._take("promote", given)

    @_texts
    def rollback(self, *, to: _Text = None, reason: _Text = None, json: _Text = None) -> None:
        """Go back to the version before the one that is promoted.

        Args:
            to: Number of another version that was promoted before.
            reason: Why, for the history; at most 1,000 characters. It has to be given.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("rollback", locals())

    @_texts
    def challenge(
        self,
        version: _Text = None,
        *,
        shadow: _Text = None,
        share: _Text = None,
        stop: _Text = None,
        reason: _Text = None,
        json: _Text = None,
    ) -> None:
        """Have servers compare a version with the one that is promoted, without touching answers.

        Args:
            version: Number of the version, as `models` lists it.
            shadow: Share of houses that it prices besides, unseen by callers; 1.0 by default.
            share: Share of calls that it answers; 0.0 by default.
            stop: Compare nothing any more.
            reason: Why, for the history; at most 1,000 characters.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("challenge", locals())

    @_texts
    def verdict(self, *, target: _Text = None, tls: _Text = None, json: _Text = None) -> None:
        """Ask a server which of the two models is better, and how sure that is.

        Args:
            target: Server (host:port); HOUSING_TARGET by default.
            tls: Encrypt the connection.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("verdict", locals())

    @_texts
    def history(self, *, verify: _Text = None, json: _Text = None) -> None:
        """List who promoted which version, when and why, the newest first.

        Args:
            verify: Check that no entry was changed or is missing, and that no alias was moved
                without one; exit code 4 if not.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("history", locals())

    @_texts
    def seed(
        self,
        *,
        model: _Text = None,
        preprocessor: _Text = None,
        data: _Text = None,
        accept: _Text = None,
        json: _Text = None,
    ) -> None:
        """Train, register and promote a first model, unless one is promoted already.

        Args:
            model: xgboost by default.
            preprocessor: v2_knn by default.
            data: CSV or Parquet file; data/HousingData.csv by default.
            accept: Columns to take as they are, though they look wrong, such as RM,MEDV.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("seed", locals())

    @_texts
    def predict(  # noqa: D417 (Fire would take a text on **features for one on json)
        self,
        *,
        file: _Text = None,
        target: _Text = None,
        tls: _Text = None,
        explain: _Text = None,
        reference: _Text = None,
        level: _Text = None,
        json: _Text = None,
        **features: str,
    ) -> None:
        """Ask a running server for the price of a house; without any, of an example house.

        Give the features as flags, such as --CRIM 0.006 --RM 6.5; what is left out is imputed.

        Args:
            file: CSV or Parquet file of houses to be priced.
            target: Server, host:port; by default localhost:50051, or as GRPC_PORT says.
            tls: Encrypt the connection.
            explain: Say what makes the price of one house, with a bar for each feature.
            reference: CSV or Parquet file with one house to explain the price against.
            level: Share of prices that the interval is to hold, such as 0.8; 0.9 by default.
            json: Write the result as JSON, and nothing else, to standard output; a house may
                follow, as a JSON object of its features, or a list of houses.
        """
        document = None if json in (None, "True", "False") else json
        as_json = "True" if document else json
        given = {"file": file, "target": target, "tls": tls, "features": features}
        given |= {"explain": explain, "reference": reference, "level": level}
        self._take("predict", given | {"document": document, "json": as_json})

    @_texts
    def whatif(  # noqa: D417 (as of predict)
        self,
        *,
        file: _Text = None,
        level: _Text = None,
        target: _Text = None,
        tls: _Text = None,
        json: _Text = None,
        **features: str,
    ) -> None:
        """Ask a running server how a price changes with one feature, such as --RM 5:8:0.5.

        Give that feature as LOW:HIGH:STEP, and the others as flags; what is left out is imputed.
        Houses that are unlike the training data are marked as off the data.

        Args:
            file: CSV or Parquet file with one house, instead of the other flags.
            level: Share of prices that the intervals are to hold, such as 0.8; 0.9 by default.
            target: Server, host:port; by default localhost:50051, or as GRPC_PORT says.
            tls: Encrypt the connection.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        given = {"file": file, "level": level, "target": target, "tls": tls}
        self._take("whatif", given | {"features": features, "json": json})

    @_texts
    def info(self, *, target: _Text = None, tls: _Text = None, json: _Text = None) -> None:
        """Ask a running server which model it serves.

        Args:
            target: Server, host:port; by default localhost:50051, or as GRPC_PORT says.
            tls: Encrypt the connection.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("info", locals())

    @_texts
    def reload(
        self,
        *,
        version: _Text = None,
        alias: _Text = None,
        dry_run: _Text = None,
        target: _Text = None,
        tls: _Text = None,
        json: _Text = None,
    ) -> None:
        """Make a running server load the promoted version, without dropping a call.

        Args:
            version: Load this version instead.
            alias: Load the version that this alias names instead.
            dry_run: Change nothing; show how the prices would change.
            target: Server, host:port; by default localhost:50051, or as GRPC_PORT says.
            tls: Encrypt the connection.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("reload", locals())

    @_texts
    def ui(self, *, port: _Text = None) -> None:
        """Open MLflow's pages on http://127.0.0.1:5000, for this machine alone.

        Args:
            port: Another port.
        """
        self._take("ui", locals())

    @_texts
    def backup(self, file: str, *, json: _Text = None) -> None:
        """Write the runs and models of the embedded MLflow to a file, also while it is in use.

        Args:
            file: To write, such as housing.tar.gz; it must not be there yet.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("backup", locals())

    @_texts
    def restore(self, file: str, *, replace: _Text = None, json: _Text = None) -> None:
        """Take the runs and models of a backup; servers go on meanwhile.

        Args:
            file: That `backup` has written.
            replace: Put it in the place of the registry that is there.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("restore", locals())

    @_texts
    def feedback(
        self,
        action: str,
        *what: str,
        before: _Text = None,
        force: _Text = None,
        json: _Text = None,
    ) -> None:
        """Write what houses sold for to a file, take it from one, or delete it.

        feedback export FILE.csv (or .json), import FILE.csv (columns receipt and price), purge
        --before DATE --force, forget RECEIPT... The data has columns (B, LSTAT) that say who lives
        where; see the data card before you keep features.

        Args:
            action: export, import, purge or forget.
            what: The file, or the receipts.
            before: Delete the outcomes of prices that were given before this date.
            force: Delete them; without it, purge only says what it would do.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        given = {"action": action, "what": what, "before": before, "force": force}
        self._take("feedback", given | {"json": json})

    @_texts
    def retrain(
        self,
        *,
        if_drift: _Text = None,
        if_skill: _Text = None,
        if_labels: _Text = None,
        if_older: _Text = None,
        then: _Text = None,
        metrics: _Text = None,
        policy: _Text = None,
        json: _Text = None,
    ) -> None:
        """Train the promoted version again, with what houses sold for since; once, for a scheduler.

        It needs outcomes with the features of their houses (FEEDBACK_KEEP_FEATURES). The new
        version is registered and held against the promoted one; exit code 7 where it is refused,
        8 where there is nothing to do. Of the conditions that are given, one is enough; without
        any, and with any, there has to be a new outcome.

        Args:
            if_drift: Train if a feature has drifted so far, such as 0.25 (population stability
                index, from the metrics).
            if_skill: Train if prices are worse than the training promised, such as by 1.15 times.
            if_labels: Train if there are so many new outcomes, such as 200.
            if_older: Train if the promoted version is so old, such as 30d, or 12h.
            then: nothing (default), challenge or promote: what to do with a version that is not
                refused.
            metrics: Address of a server's metrics; http://localhost:9464/metrics by default, or
                as METRICS_PORT says.
            policy: As for `gate`.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("retrain", locals())

    @_texts
    def replay(self, *receipts: str, file: _Text = None, json: _Text = None) -> None:
        """Ask the bundle that gave each receipt for its price again: the same to the bit, or not.

        The keys that open receipts are those of RECEIPT_KEYS_FILE, or the one that a server of
        this home has made. Where a price differs, the exit code is 6.

        Args:
            receipts: As they came with prices.
            file: CSV file with a column `receipt` of more.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        given = {"receipts": receipts, "file": file, "json": json}
        self._take("replay", given)

    @_texts
    def skew(
        self,
        *receipts: str,
        file: _Text = None,
        data: _Text = None,
        json: _Text = None,
    ) -> None:
        """Compare served prices with those of the training: its pipeline is fitted again.

        The receipts' versions are trained again, and asked beside their bundles; where a price
        differs by more than 0.0001, the exit code is 6.

        Args:
            receipts: As they came with prices.
            file: CSV file with a column `receipt` of more.
            data: CSV or Parquet file that they were trained on, if that is not where it was.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        given = {"receipts": receipts, "file": file, "data": data, "json": json}
        self._take("skew", given)

    @_texts
    def keygen(self, file: str, *, receipt: _Text = None, json: _Text = None) -> None:
        """Make a key that signs bundles, and the one that servers verify them with.

        Args:
            file: To write the private key to; the public one goes to the same name with .pub.
            receipt: Make a key that seals receipts instead, which is one file.
            json: Write the result as JSON, and nothing else, to standard output.
        """
        self._take("keygen", locals())

    def _take(self, command: str, given: Mapping[str, Any]) -> None:
        options = {name: value for name, value in given.items() if name not in ("self", "json")}
        self._choose(command, options, given.get("json"))
