# packs are inlined everywhere: how a call would pass them is of no interest
target_compile_options(room_laws PUBLIC -Wno-psabi)
target_link_libraries(room_laws PUBLIC PkgConfig::TOMLPP)
isoflop_embed(room_laws published_laws_toml data/published_laws.toml)
