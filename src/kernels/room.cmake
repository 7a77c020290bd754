# Instruction sets are flags of single files; which set runs is asked of the machine at run time (choose.cc).
# GCC 12 takes the undefined operand of its own AVX-512 intrinsics for a mistake: those two warnings are off there.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  target_compile_definitions(room_kernels PRIVATE ISOFLOP_X86_SETS)
  set_source_files_properties(${folder}/avx2/set.cc PROPERTIES COMPILE_OPTIONS "-O3;-mavx2;-mfma")
  set_source_files_properties(${folder}/avx512/set.cc PROPERTIES
    COMPILE_OPTIONS "-O3;-Wno-uninitialized;-Wno-maybe-uninitialized;-mavx2;-mfma;-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mprefer-vector-width=512")
  set_source_files_properties(${folder}/avx512bf16/set.cc ${folder}/avx512bf16/peak.cc PROPERTIES
    COMPILE_OPTIONS "-O3;-Wno-uninitialized;-Wno-maybe-uninitialized;-mavx2;-mfma;-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512bf16;-mprefer-vector-width=512")
else()
  set_source_files_properties(${folder}/avx2/set.cc ${folder}/avx512/set.cc ${folder}/avx512bf16/set.cc ${folder}/avx512bf16/peak.cc
    PROPERTIES HEADER_FILE_ONLY ON)
endif()
