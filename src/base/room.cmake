target_link_libraries(room_base PUBLIC OpenSSL::Crypto PkgConfig::XXHASH nlohmann_json::nlohmann_json)
