"""`python -m carbon_assets`: the command line `carbon`."""

from carbon_assets.platform.command import main

if __name__ == "__main__":
    main()
