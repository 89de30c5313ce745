/* HTML that no callback names (dashboard/components/static_html.py): one component for Dash's renderer, whatever it holds. */
(function () {
  "use strict";
  const components = (window.stratoscope = window.stratoscope || {});

  function element(part, places) {
    if (typeof part === "number") return places[part];
    if (typeof part === "string") return part;
    return window.React.createElement(part.tag, part.props, ...part.parts.map((inner) => element(inner, places)));
  }

  components.StaticHtml = (props) => {
    const places = [].concat(props.children === undefined ? [] : props.children);
    return window.React.createElement(window.React.Fragment, null, ...props.content.map((part) => element(part, places)));
  };
})();
