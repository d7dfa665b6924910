"""carbon-assets: what carbon-credit registries publish, as one database of projects and credits.

Data walks one way: landing -> raw -> normalized -> harmonized -> marts -> published. The modules of this
package are pure and know nothing of Dagster; `carbon_assets.assets` wraps them as assets.
"""
