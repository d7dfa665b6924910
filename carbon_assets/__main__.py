"""`python -m carbon_assets`: one run from the drop to the published file."""

from carbon_assets.run import main

raise SystemExit(main())
