"""How the console looks, and what its pages may load."""

# The console's theme evaluates Alpine expressions; nothing is loaded from another host.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    }
}
UNFOLD = {
    "SITE_TITLE": "Perennial",
    "SITE_HEADER": "Perennial",
    "SITE_SUBHEADER": "Subscriptions and billing",
    "SITE_SYMBOL": "all_inclusive",
    "SITE_URL": "/api/docs/",
    "DASHBOARD_CALLBACK": "core.console.overview",
    "STYLES": ["/static/console/console.css"],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/console/favicon.svg"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "236 253 245", "100": "209 250 229", "200": "167 243 208", "300": "110 231 183", "400": "52 211 153",
            "500": "16 185 129", "600": "5 150 105", "700": "4 120 87", "800": "6 95 70", "900": "6 78 59",
            "950": "2 44 34",
        }
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "core.console.sidebar"},
}  # fmt: skip
