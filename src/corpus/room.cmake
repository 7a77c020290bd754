target_link_libraries(room_corpus PUBLIC ZLIB::ZLIB PkgConfig::ZSTD simdjson::simdjson PkgConfig::TOMLPP)
isoflop_embed(room_corpus corpora_toml data/corpora.toml)
