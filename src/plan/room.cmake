target_link_libraries(room_plan PUBLIC PkgConfig::TOMLPP)
isoflop_embed(room_plan hardware_toml data/hardware.toml)
isoflop_embed(room_plan published_models_toml data/published_models.toml)
