"""beneficiaries."""
