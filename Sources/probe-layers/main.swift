print("probe-layers")
