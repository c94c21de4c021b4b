# `cmake --install` and find_package(apical): every library as apical::<folder>, all of them together as apical::apical.
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY APICAL_LIBRARIES)
add_library(apical_all INTERFACE)
target_link_libraries(apical_all INTERFACE ${libraries})
set_target_properties(apical_all PROPERTIES EXPORT_NAME apical)

install(TARGETS ${libraries} apical_all EXPORT apicalTargets)
install(EXPORT apicalTargets NAMESPACE apical:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/apical)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/apical DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET apical)
  install(TARGETS apical RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/apicalConfig.cmake.in ${PROJECT_BINARY_DIR}/apicalConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/apical NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/apicalConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/apicalConfig.cmake ${PROJECT_BINARY_DIR}/apicalConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/apical)
