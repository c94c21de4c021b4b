# apical_library(NAME sources…  DEPENDS targets… PRIVATE_DEPENDS targets…): one static library per folder of src/.
# apical_test(NAME sources… LIBS targets…): one GoogleTest program, its cases registered with ctest.
set(APICAL_COMPILE_OPTIONS -Wall -Wextra -Wpedantic -Wshadow -Werror -fno-math-errno -fno-trapping-math)
# This compiler sees overlapping copies in every inlined "a" + string (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND APICAL_COMPILE_OPTIONS -Wno-restrict)
endif()

function(apical_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE ${APICAL_COMPILE_OPTIONS})
  if(APICAL_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${APICAL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${APICAL_SANITIZE})
  endif()
endfunction()

function(apical_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "DEPENDS;PRIVATE_DEPENDS")
  set(target apical_${name})
  add_library(${target} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(apical::${name} ALIAS ${target})
  apical_options(${target})
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY APICAL_LIBRARIES ${target})
endfunction()

function(apical_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT" "LIBS")
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  apical_options(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE APICAL_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()
