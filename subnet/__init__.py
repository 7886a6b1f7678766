"""Where miners, validators and tokens meet: state, consensus, the order of an epoch."""
