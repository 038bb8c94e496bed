"""Tasks: data, augmentation and metric of what a child network is trained on."""
