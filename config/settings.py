"""Settings, read from the environment once. Every variable is documented in `docs/configuration.md`."""

from pathlib import Path
from typing import Any

import environ
from corsheaders.defaults import default_headers

from config.guard import refuse_nonsense
from config.look import CONTENT_SECURITY_POLICY as CONTENT_SECURITY_POLICY
from config.look import UNFOLD as UNFOLD
from config.schedule import CELERY_BEAT_SCHEDULE as CELERY_BEAT_SCHEDULE
from core import logs, reporting

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

ENV = env.str("ENV", default="local")  # local | test | production
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="insecure-local-secret-key")
JWT_SECRET = env.str("JWT_SECRET", default="insecure-local-jwt-secret-of-32-bytes")
JWT_PREVIOUS_SECRETS = env.list("JWT_PREVIOUS_SECRETS", default=[])  # verify until the last such token has run out
AUDIT_HMAC_SECRET = env.str("AUDIT_HMAC_SECRET", default="insecure-local-audit-secret-of-32-bytes")
AUDIT_HMAC_KEY_ID = env.str("AUDIT_HMAC_KEY_ID", default="k1")
AUDIT_HMAC_OLD_SECRETS = env.json("AUDIT_HMAC_OLD_SECRETS", default={})  # {"retired key id": "secret"}: verify only
AUDIT_LOG_PATH = env.str("AUDIT_LOG_PATH", default="")  # a file of mode 0600 that grows by a JSON line per entry
GIFT_CODE_PEPPER = env.str("GIFT_CODE_PEPPER", default="insecure-local-gift-pepper-of-32-bytes")
# How many days before a renewal its customer is told; those that are not in the period are left out.
RENEWAL_REMINDER_DAYS = env.list("RENEWAL_REMINDER_DAYS", cast=int, default=[7, 3, 1])
GIFT_EXPIRY_DAYS = env.int("GIFT_EXPIRY_DAYS", default=30)
GIFT_EXPIRY_POLICY = env.str("GIFT_EXPIRY_POLICY", default="breakage")  # breakage | refund
PAYMENT_WEBHOOK_SECRET = env.str("PAYMENT_WEBHOOK_SECRET", default="insecure-local-payment-webhook-secret")
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=["aW5zZWN1cmUtbG9jYWwtZmllbGQta2V5LTMyLWJ5dGU="])
# How badly the sandbox gateway behaves, to try one's own handling: {"seed": 7, "weights": {"drop_before": 1, "ok": 9}}.
# `weights` are for charges and refunds, `attach` of the same form for attaching cards.
SANDBOX_FAULTS = env.json("SANDBOX_FAULTS", default={})
# Where a proof has a process die, fail or wait: {"points": {"payments.answered": {"do": "kill", "at": 3}}}.
FAILPOINTS = env.json("FAILPOINTS", default={})
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
ALLOWED_ORIGINS = env.list("ALLOWED_ORIGINS", default=[])
# Whose X-Forwarded-For is believed: either these proxies by network, or this many in a row, the nearest included.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
# Opens /metrics from anywhere as a bearer token; without one only the networks below do.
ADMIN_TOKEN = env.str("ADMIN_TOKEN", default="")
METRICS_ALLOWED_NETWORKS = env.list("METRICS_ALLOWED_NETWORKS", default=["127.0.0.0/8", "::1/128"])
OUTBOUND_ALLOWED_NETWORKS = env.list("OUTBOUND_ALLOWED_NETWORKS", default=[])
OUTBOUND_ALLOWED_NETWORKS_IN_LIVE = env.bool("OUTBOUND_ALLOWED_NETWORKS_IN_LIVE", default=False)

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_filters",
    "corsheaders",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core",
    "jobs",
    "outbox",
    "audit",
    "featureflags",
    "accounts",
    "webhooks",
    "catalog",
    "usage",
    "payments",
    "billing",
    "subscriptions",
    "gifts",
]

# Outermost first; the order is part of the contract of every response.
MIDDLEWARE = [
    "core.http.middleware.Recovery",
    "core.http.middleware.RequestId",
    "core.http.middleware.AccessLog",
    "core.http.cors.Cors",
    "core.http.middleware.SecurityHeaders",
    "core.http.sides.ContentPolicy",
    "core.http.middleware.Framing",
    "core.http.middleware.RateLimit",
    "core.http.sides.Sides",
]
# What requests for the API do not pass; see `core.http.sides`.
BROWSER_MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.admin.gate.ConsoleGate",
    "core.console.ConsoleScope",
]

# Django looks for them in MIDDLEWARE: authentication, messages and sessions.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
AUTH_USER_MODEL = "accounts.User"
LOGIN_REDIRECT_URL = "/admin/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [BASE_DIR / "core" / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Django leaves prepared statements off; -1 does, for a PgBouncer before 1.21, which does not know them.
PREPARE_THRESHOLD = env.int("DATABASE_PREPARE_THRESHOLD", default=1)
# The application's role: neither superuser nor owner. `migrate` runs as the owner, whose URL is DATABASE_OWNER_URL.
DATABASES = {
    "default": env.db_url("DATABASE_URL", default="postgres://perennial_app@127.0.0.1:5432/perennial")
    | {
        "ENGINE": "core.postgres",
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"prepare_threshold": PREPARE_THRESHOLD if PREPARE_THRESHOLD >= 0 else None, "connect_timeout": 5},
    }
}
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
DATABASE_APP_ROLE = env.str("DATABASE_APP_ROLE", default="perennial_app")

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "perennial",
        "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.2, "SOCKET_TIMEOUT": 0.5},
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

FORMAT_MODULE_PATH = ["core.formats"]
STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Invoices, credit notes and receipts as PDF: private files that are handed out under links which expire.
DOCUMENT_STORAGE = env.str("DOCUMENT_STORAGE", default="local")  # local | s3
# The folder of local documents. Every process that prints, mails or serves them must see the same one.
DOCUMENT_ROOT = env.str("DOCUMENT_ROOT", default=str(BASE_DIR / ".local" / "documents"))
# Credentials are found as AWS's tools find them: AWS_ACCESS_KEY_ID with its secret, a profile, or the machine's role.
DOCUMENT_S3_BUCKET = env.str("DOCUMENT_S3_BUCKET", default="")
DOCUMENT_S3_ENDPOINT = env.str("DOCUMENT_S3_ENDPOINT", default="")  # another S3 than Amazon's: https://s3.example.com
DOCUMENT_S3_REGION = env.str("DOCUMENT_S3_REGION", default="us-east-1")
DOCUMENT_FONTS = env.list("DOCUMENT_FONTS", default=[])  # folders with more fonts, searched before the machine's own
STORAGES["documents"] = {
    "local": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DOCUMENT_ROOT,
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "s3": {
        "BACKEND": "billing.s3.DocumentsOnS3",
        "OPTIONS": {
            "bucket_name": DOCUMENT_S3_BUCKET,
            "endpoint_url": DOCUMENT_S3_ENDPOINT or None,
            "region_name": DOCUMENT_S3_REGION,
        },
    },
}.get(DOCUMENT_STORAGE, {})
WHITENOISE_USE_FINDERS = ENV != "production"

EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = env.str("MAILBOX_DIR", default=str(BASE_DIR / ".local" / "mailbox"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Perennial <billing@perennial.example>")
vars().update(env.email_url("EMAIL_URL", default="") if env.str("EMAIL_URL", default="") else {})

# Passwords that one process hashes at the same time; further ones wait a moment, then are asked to come again.
HASHES_AT_ONCE = env.int("HASHES_AT_ONCE", default=1)
# friendly: registering says whether the address is taken; strict: every address gets the same answer and a mail.
REGISTRATION_PRIVACY = env.str("REGISTRATION_PRIVACY", default="friendly")  # friendly | strict
PASSWORD_HASHERS = ["accounts.hashers.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.validators.NotTooLong"},
    {"NAME": "accounts.validators.NotOfTheAddress"},
]
# Our own counters slow down who guesses codes; the library's would let him slow down the owner, too.
OTP_TOTP_THROTTLE_FACTOR = 0
OTP_STATIC_THROTTLE_FACTOR = 0
OTP_TOTP_ISSUER = "Perennial"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV == "production"
# A session ends when nobody has used it for so long; each request begins the time anew.
SESSION_COOKIE_AGE = 60 * env.int("CONSOLE_IDLE_MINUTES", default=30)
SESSION_SAVE_EVERY_REQUEST = True
# Whether operators need an authenticator app to enter the console. On in production.
CONSOLE_REQUIRE_OTP = env.bool("CONSOLE_REQUIRE_OTP", default=ENV == "production")
# Networks from which the console can be reached (addresses or CIDR). Empty: from everywhere.
CONSOLE_ALLOWED_NETWORKS = env.list("CONSOLE_ALLOWED_NETWORKS", default=[])
# The platform's first credential: a bearer token for /metrics, /api/v1/admin/ and /api/outbox/. Empty: there is none.
ADMIN_TOKEN = env.str("ADMIN_TOKEN", default="")
# What one person may move alone, in minor units by currency, "*" for every other: {"USD": 100000}. Empty: all of it.
APPROVAL_LIMITS = env.json("APPROVAL_LIMITS", default={})
# How long an approval waits for somebody to decide.
APPROVAL_HOURS = env.int("APPROVAL_HOURS", default=72)
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if ENV == "production" else 0
CORS_ALLOWED_ORIGINS = ALLOWED_ORIGINS
CORS_ALLOW_ALL_ORIGINS = ENV != "production" and not ALLOWED_ORIGINS
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_HEADERS = [*default_headers, "x-api-key", "x-environment", "x-request-id", "idempotency-key", "if-match"]
# A change that says nothing about the state it was decided for: refused with 428, or let pass.
IF_MATCH_REQUIRED = env.bool("IF_MATCH_REQUIRED", default=False)
CORS_EXPOSE_HEADERS = ["X-Request-ID", "Idempotent-Replayed", "Retry-After", "RateLimit", "RateLimit-Policy", "ETag"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.Credentials"],
    "DEFAULT_PERMISSION_CLASSES": ["core.http.permissions.DeclaredScope"],
    "DEFAULT_PARSER_CLASSES": ["core.http.json.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["core.http.json.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "core.http.pagination.SignedCursor",
    "DEFAULT_FILTER_BACKENDS": ["core.http.filters.StrictFilters"],
    "DEFAULT_SCHEMA_CLASS": "core.http.schema.Schema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.http.json.AlwaysJSON",
    "EXCEPTION_HANDLER": "core.problems.handle",
    "UNAUTHENTICATED_USER": "core.http.actor.anonymous",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Perennial",
    "DESCRIPTION": "Subscriptions and usage billing that a company runs itself.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True, "filter": True},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
}
API_BODY_LIMIT = 1024 * 1024
INGESTION_BODY_LIMIT = 32 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = INGESTION_BODY_LIMIT
# How many threads of a web process may wait at the end of the event feed; the others answer everybody else.
FEED_MAX_WAITERS = env.int("FEED_MAX_WAITERS", default=2)
IDEMPOTENCY_TTL_HOURS = env.int("IDEMPOTENCY_TTL_HOURS", default=24)
RATE_LIMITS_ENABLED = env.bool("RATE_LIMITS_ENABLED", default=True)
# (tokens, seconds in which they refill). People are customers and strangers, programs hold a secret; 0 is no limit.
RATE_LIMITS: dict[str, dict[str, tuple[int, int]]] = {
    "address": {"everybody": (env.int("RATE_LIMIT_ADDRESS_PER_MINUTE", default=60_000), 60)},
    "read": {
        "people": (env.int("RATE_LIMIT_READS_PEOPLE_PER_MINUTE", default=100), 60),
        "programs": (env.int("RATE_LIMIT_READS_PROGRAMS_PER_MINUTE", default=6_000), 60),
        "environment": (env.int("RATE_LIMIT_READS_ENVIRONMENT_PER_MINUTE", default=0), 60),
    },
    "write": {
        "people": (env.int("RATE_LIMIT_WRITES_PEOPLE_PER_MINUTE", default=10), 60),
        "programs": (env.int("RATE_LIMIT_WRITES_PROGRAMS_PER_MINUTE", default=600), 60),
        "environment": (env.int("RATE_LIMIT_WRITES_ENVIRONMENT_PER_MINUTE", default=0), 60),
    },
    "ingestion": {
        **dict.fromkeys(("people", "programs"), (env.int("RATE_LIMIT_INGESTION_PER_SECOND", default=1_000), 1)),
        "environment": (env.int("RATE_LIMIT_INGESTION_ENVIRONMENT_PER_SECOND", default=0), 1),
    },
}
# While Redis is away: local (each process counts its share for itself) | open (no limit) | closed (503).
RATE_LIMIT_ON_STORE_FAILURE = env.str("RATE_LIMIT_ON_STORE_FAILURE", default="local")
RATE_LIMIT_PROCESSES = env.int("RATE_LIMIT_PROCESSES", default=2)  # This many processes share a limit then.

# The database schedules and remembers; a message only wakes somebody up. See docs/jobs.md.

# Where workers are woken up: Redis (also rediss://), or RabbitMQ as amqp:// or amqps://. REDIS_URL unless given.
BROKER_URL = env.str("BROKER_URL", default=REDIS_URL)
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 50
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# Each broker is told only what it knows: RabbitMQ gives back what a dead worker held by itself.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 120, "unacked_restore_interval": 5, "unacked_restore_throttle": 1}
    if BROKER_URL.startswith("redis")
    else {}
)
CELERY_VISIBILITY_TIMEOUT = 120
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": 120}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that was away for hours is joined when it is back
# How long a worker that is told to stop lets running jobs go on; then it gives them back to the others.
WORKER_GRACE_SECONDS = env.float("WORKER_GRACE_SECONDS", default=30.0)
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = WORKER_GRACE_SECONDS
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "jobs.beat:PatientScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SYNC_EVERY = 1
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "q:out:relay"

SENTRY_DSN = env.str("SENTRY_DSN", default="")  # where unanticipated errors are reported, without what was sent
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logs.handlers(LOG_LEVEL)
logs.configure()
reporting.configure(dsn=SENTRY_DSN, environment=ENV)
FEATURE_FLAGS_JSON = env.str("FEATURE_FLAGS", default="")
# How many seconds a process may go on with an operator's older decision about a feature.
FEATURE_FLAGS_FRESH_S = env.float("FEATURE_FLAGS_FRESH_S", default=1.0)

refuse_nonsense(globals())
