target_link_libraries(room_runs PUBLIC SQLite::SQLite3)
