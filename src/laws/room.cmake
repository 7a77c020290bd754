# packs are inlined everywhere: how a call would pass them is of no interest
target_compile_options(room_laws PUBLIC -Wno-psabi)
