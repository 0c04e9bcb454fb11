# SPDX-License-Identifier: Apache-2.0
# Headers that nearly every file includes are parsed once: the standard library costs each file
# 0.7 s, Catch2 another one. Only the release preset does so; a build without (sanitizers, debug) is
# where a file that forgot an #include fails.
#
# Not CMake's target_precompile_headers, because its result differs from clone to clone and so would
# every key in ccache. Here ccache is given a checksum of the headers' text instead (`.sum`), and
# compiling in one clone warms the cache for all.
option(SMIC_PRECOMPILED "parse common headers once" OFF)
if(SMIC_PRECOMPILED)
  list(APPEND SMIC_CCACHE_SETTINGS CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=1)
endif()

# smic_precompiled_header(standard_library FLAGS -O2 -fPIC) makes the target smic_pch_standard_library
# of cmake/standard_library.h. Flags that change what code means must be those of its users.
function(smic_precompiled_header name)
  cmake_parse_arguments(ARG "" "" "FLAGS" ${ARGN})
  if(NOT SMIC_PRECOMPILED)
    return()
  endif()
  set(header ${CMAKE_SOURCE_DIR}/cmake/${name}.h)
  set(pch ${CMAKE_BINARY_DIR}/${name}.pch)
  separate_arguments(release UNIX_COMMAND "${CMAKE_CXX_FLAGS_RELEASE}")
  set(compile ${CMAKE_CXX_COMPILER} -std=c++23 -I${CMAKE_SOURCE_DIR} ${release} ${ARG_FLAGS}
    -x c++-header)
  add_custom_command(OUTPUT ${pch}
    COMMAND ${compile} -fpch-instantiate-templates -Xclang -fno-pch-timestamp
      -MD -MF ${pch}.d -MT ${pch} -o ${pch} ${header}
    COMMAND ${compile} -E -P -o ${name}.text ${header}
    COMMAND ${CMAKE_COMMAND} -E sha256sum ${name}.text > ${pch}.sum
    COMMAND ${CMAKE_COMMAND} -E rm ${name}.text
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    DEPENDS ${header} DEPFILE ${pch}.d COMMENT "Precompiling ${name}" VERBATIM)
  add_custom_target(smic_pch_${name} DEPENDS ${pch})
endfunction()

function(smic_use_precompiled target name)
  if(SMIC_PRECOMPILED)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:SHELL:-include-pch
      ${CMAKE_BINARY_DIR}/${name}.pch>)
    add_dependencies(${target} smic_pch_${name})
  endif()
endfunction()

smic_precompiled_header(standard_library FLAGS -fPIC)
smic_precompiled_header(catch2 FLAGS -O0 -fPIE)
