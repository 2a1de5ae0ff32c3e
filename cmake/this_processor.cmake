# Leaves kernels of other processors' instruction sets out of mobiedit_sources.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64|ARM64")
  list(FILTER mobiedit_sources EXCLUDE REGEX "_avx[^/]*\\.cpp$")
else()
  list(FILTER mobiedit_sources EXCLUDE REGEX "_neon[^/]*\\.cpp$")
endif()
