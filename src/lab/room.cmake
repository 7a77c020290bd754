target_link_libraries(room_lab PUBLIC LibLZMA::LibLZMA PkgConfig::TOMLPP)
