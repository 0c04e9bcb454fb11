# SPDX-License-Identifier: Apache-2.0
# How smic is compiled: language level, warnings, sanitizers, linker, and the two functions by
# which every folder declares its library and its tests.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Line tables are enough for perf and for a useful stack trace, and link much faster than full -g.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -ffunction-sections -fdata-sections)
add_link_options(-fuse-ld=lld -Wl,--gc-sections -Wl,--as-needed)

set(SMIC_SANITIZE "" CACHE STRING "address (with undefined), thread, or empty")
option(SMIC_FUZZ "build the libFuzzer harnesses instead of replaying their corpora" OFF)
if(SMIC_SANITIZE STREQUAL "address")
  # vptr needs RTTI of every class it meets, and LLVM's libraries are not built for that.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(SMIC_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
if(SMIC_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

include(SmicPrecompiled)

find_program(SMIC_CCACHE ccache)
if(SMIC_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Clones in other places must hit the same cache entries, hence paths relative to this one.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SMIC_CCACHE_SETTINGS} ${SMIC_CCACHE})
endif()

include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)

# smic_library(ir SOURCES print.cpp … LINKS smic::base … PRIVATE_LINKS LLVMCore …)
# makes the static library smic_ir, known to others as smic::ir.
function(smic_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(smic_${name} STATIC ${ARG_SOURCES})
  add_library(smic::${name} ALIAS smic_${name})
  target_link_libraries(smic_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  smic_use_precompiled(smic_${name} standard_library)
endfunction()

# Tests are compiled quickly rather than well: what they call is optimised, they need not be.
function(smic_quick_test target)
  if(SMIC_PRECOMPILED)
    target_compile_options(${target} PRIVATE -O0)
  endif()
  smic_use_precompiled(${target} catch2)
endfunction()

# smic_test(ir LABEL unit SOURCES print_test.cpp … LINKS smic::ir …)
# makes the Catch2 program test_ir, every TEST_CASE of it a ctest test with that label.
function(smic_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE smic_test_main smic::test_support ${ARG_LINKS})
  smic_quick_test(test_${name})
  catch_discover_tests(test_${name} TEST_PREFIX "${ARG_LABEL}/${name}: "
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# Several folders at once, in the order in which they may know each other.
function(smic_subdirectories)
  foreach(folder ${ARGN})
    add_subdirectory(${folder})
  endforeach()
endfunction()
