"""The gates, under the name by which routes know them."""

from featureflags.services import FeatureUnavailable, requires, requires_all, requires_any

__all__ = ["FeatureUnavailable", "requires", "requires_all", "requires_any"]
