target_link_libraries(room_tokens PUBLIC ICU::uc PkgConfig::PCRE2)
