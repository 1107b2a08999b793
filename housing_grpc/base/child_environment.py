"""What a process that is started here inherits of the environment: what it needs, no more.

Secrets of the server are of no use to a child, and a child reads what others have written.
"""

import os
import re
from collections.abc import Mapping

SYSTEM = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|LD_LIBRARY_PATH|LD_PRELOAD"
    # Without what would end a library for its warnings, or keep Python from ending.
    r"|DYLD_\w+|VIRTUAL_ENV|PYTHON(?!WARNINGS|INSPECT)\w*|COV\w*|(OMP|OPENBLAS|MKL)_\w+|MALLOC_\w+"
    r"|GLIBC_TUNABLES|[ALTU]B?SAN_OPTIONS"
)
"""What any program may need to run at all."""

REGISTRY = re.compile(
    # MLflow, and the stores that it knows, as their own libraries call it.
    r"(MLFLOW|AWS|BOTO|AZURE|GOOGLE|GCLOUD|CLOUDSDK|GCE|DATABRICKS|HADOOP|KRB5|ARROW|MYSQL)_\w+"
    r"|PG[A-Z]+|JAVA_HOME|KRB5CCNAME|KRB5_CONFIG"
    # How they get there.
    r"|(https?|all|no|HTTPS?|ALL|NO)_(proxy|PROXY)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|SSL_CERT_(FILE|DIR)"
)
"""What reaching a registry and its store may take."""

SERVING = re.compile(
    # Of gRPC's library and of OpenTelemetry's; the settings come another way.
    r"GRPC_(VERBOSITY|TRACE|EXPERIMENTS|DNS_RESOLVER|POLL_STRATEGY|ENABLE_FORK_SUPPORT)"
    r"|GRPC_PYTHON_\w+|OTEL_\w+|SSL_CERT_(FILE|DIR)|(https?|all|no|HTTPS?|ALL|NO)_(proxy|PROXY)"
)
"""What a process that serves calls needs beside its settings."""


def inherited(
    *needs: re.Pattern[str], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Returns the variables that a process inherits.

    Args:
        *needs: Match the names of those that it needs besides SYSTEM.
        environment: Of this process.
    """
    return {
        name: value
        for name, value in environment.items()
        if any(pattern.fullmatch(name) for pattern in (SYSTEM, *needs))
    }
