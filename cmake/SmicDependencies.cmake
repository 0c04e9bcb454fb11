# SPDX-License-Identifier: Apache-2.0
# Every foreign library. A missing one names the Debian package that brings it, so that a person
# who does not use ./dev setup knows what to type.

macro(smic_require found package)
  if(NOT ${found})
    message(FATAL_ERROR "smic needs the Debian package ${package}; './dev setup' installs everything")
  endif()
endmacro()

find_package(Threads REQUIRED)

find_package(Boost 1.81 QUIET COMPONENTS json)
smic_require(Boost_FOUND "libboost1.81-dev and libboost-json1.81-dev")

find_package(OpenSSL 3.0 QUIET)
smic_require(OPENSSL_FOUND libssl-dev)

find_library(SMIC_ZSTD_LIBRARY zstd)
smic_require(SMIC_ZSTD_LIBRARY libzstd-dev)

find_package(Catch2 2 QUIET)
smic_require(Catch2_FOUND catch2)

find_package(LLVM 19.1 QUIET CONFIG HINTS /usr/lib/llvm-19)
smic_require(LLVM_FOUND llvm-19-dev)
add_library(smic_llvm_headers INTERFACE)
target_include_directories(smic_llvm_headers SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
target_compile_definitions(smic_llvm_headers INTERFACE ${LLVM_DEFINITIONS_LIST})
# The compiler needs passes and code generators; the node only the linking half (DESIGN §5).
llvm_map_components_to_libnames(SMIC_LLVM_COMPILER
  core bitreader linker passes ipo target x86codegen x86asmparser x86desc x86info
  aarch64codegen aarch64asmparser aarch64desc aarch64info object support)
llvm_map_components_to_libnames(SMIC_LLVM_DISASSEMBLER x86disassembler x86desc x86info mcdisassembler)  # a test's
llvm_map_components_to_libnames(SMIC_LLVM_JIT orcjit jitlink object support)

# yaml-cpp judges our YAML reader; only a test links it.
find_package(yaml-cpp 0.7 QUIET)
smic_require(yaml-cpp_FOUND libyaml-cpp-dev)

# RE2 judges our regular expressions; only tests and benches link it.
find_path(SMIC_RE2_INCLUDE re2/re2.h)
find_library(SMIC_RE2_LIBRARY re2)
smic_require(SMIC_RE2_LIBRARY libre2-dev)
add_library(smic_re2 INTERFACE)
target_include_directories(smic_re2 SYSTEM INTERFACE ${SMIC_RE2_INCLUDE})
target_link_libraries(smic_re2 INTERFACE ${SMIC_RE2_LIBRARY} Threads::Threads)

# ldns judges our DNS messages; only tests link it.
find_path(SMIC_LDNS_INCLUDE ldns/ldns.h)
find_library(SMIC_LDNS_LIBRARY ldns)
smic_require(SMIC_LDNS_LIBRARY libldns-dev)
add_library(smic_ldns INTERFACE)
target_include_directories(smic_ldns SYSTEM INTERFACE ${SMIC_LDNS_INCLUDE})
target_link_libraries(smic_ldns INTERFACE ${SMIC_LDNS_LIBRARY})

find_program(SMIC_ANTLR antlr4)
smic_require(SMIC_ANTLR "antlr4 and default-jre-headless")
find_path(SMIC_ANTLR_INCLUDE antlr4-runtime.h PATH_SUFFIXES antlr4-runtime)
find_library(SMIC_ANTLR_LIBRARY NAMES libantlr4-runtime.a)
smic_require(SMIC_ANTLR_LIBRARY libantlr4-runtime-dev)

# They link and run AArch64 code in tests.
find_program(SMIC_LLD NAMES ld.lld-19)
smic_require(SMIC_LLD lld-19)
find_program(SMIC_QEMU_AARCH64 NAMES qemu-aarch64-static qemu-aarch64)
smic_require(SMIC_QEMU_AARCH64 qemu-user-static)
