# `cmake --install` and find_package(apical): every library as apical::<folder>, all of them together as apical::apical.
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY APICAL_LIBRARIES)
add_library(apical_all INTERFACE)
target_link_libraries(apical_all INTERFACE ${libraries})
set_target_properties(apical_all PROPERTIES EXPORT_NAME apical)

# what a rule file is compiled with, see apical_add_rule
set(rule_headers ${CMAKE_INSTALL_INCLUDEDIR}/apical-rule)
add_library(apical_rule_source INTERFACE)
target_include_directories(apical_rule_source INTERFACE $<INSTALL_INTERFACE:${rule_headers}>)
set_target_properties(apical_rule_source PROPERTIES EXPORT_NAME rule_source)
foreach(folder core dynamics kernels network registry)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${folder} DESTINATION ${rule_headers} FILES_MATCHING PATTERN "*.h" PATTERN "*.inc")
endforeach()
install(FILES ${CMAKE_CURRENT_LIST_DIR}/ApicalRule.cmake ${CMAKE_CURRENT_LIST_DIR}/rule_targets.cc.in
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/apical)

install(TARGETS ${libraries} apical_all apical_rule_source EXPORT apicalTargets)
install(EXPORT apicalTargets NAMESPACE apical:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/apical)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/apical DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/apical)
if(TARGET apical)
  install(TARGETS apical RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/apicalConfig.cmake.in ${PROJECT_BINARY_DIR}/apicalConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/apical NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/apicalConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/apicalConfig.cmake ${PROJECT_BINARY_DIR}/apicalConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/apical)
