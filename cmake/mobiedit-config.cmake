include(CMakeFindDependencyMacro)
find_dependency(Threads)
# A static library leaves its own dependencies to whoever links it.
find_dependency(PkgConfig)
pkg_check_modules(PCRE2 REQUIRED QUIET IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED QUIET IMPORTED_TARGET libutf8proc)
find_dependency(SQLite3)
include(${CMAKE_CURRENT_LIST_DIR}/mobiedit-targets.cmake)
