target_link_libraries(room_corpus PUBLIC ZLIB::ZLIB PkgConfig::ZSTD simdjson::simdjson PkgConfig::TOMLPP)
