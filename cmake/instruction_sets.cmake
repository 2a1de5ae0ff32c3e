# A kernel is one file per instruction set, named for it; only that file is compiled with the set's flags,
# and nothing in it runs before the processor was asked (src/kernels/isa.cpp).
# The two passes make GCC 12 spill the sums of a tile.
set(kernel_flags -O3 -fno-tree-pre -fno-tree-loop-distribute-patterns)
# With the sanitizers' checks in them, unrolled tiles take minutes to compile and gain nothing.
if(MOBIEDIT_SANITIZE)
  set(kernel_flags -Og)
endif()
foreach(source IN LISTS mobiedit_sources)
  if(source MATCHES "_avx2\\.cpp$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c;${kernel_flags}")
  elseif(source MATCHES "_avxvnni\\.cpp$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mavxvnni;-mfma;-mf16c;${kernel_flags}")
  elseif(source MATCHES "_avx512vnni\\.cpp$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
      "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512vnni;-mfma;-mf16c;${kernel_flags}")
  elseif(source MATCHES "_neon_dotprod\\.cpp$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-march=armv8.2-a+dotprod;${kernel_flags}")
  elseif(source MATCHES "_neon_i8mm\\.cpp$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-march=armv8.2-a+dotprod+i8mm;${kernel_flags}")
  elseif(source MATCHES "/kernels/.*\\.cpp$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-O3")
  endif()
endforeach()
